/* Written by tests/tables/make_binomial_tables.py: change that, not this. */
/* clang-format off */
#ifndef HTST_BINOMIAL_TABLES_H
#define HTST_BINOMIAL_TABLES_H

#define ERFCX_DEGREE 27
#define ERFCX_CENTRE 3.75

/* h_(M+1) of lambda = l, s = l^2 */
#define SERIES_H_1(l, s) (htst_fma(s, 0x1.5555555555555p-6, 0x1.0000000000000p-4))
#define SERIES_H_2(l, s) ((l) * htst_fma(s, 0x1.e573ac901e574p-10, -0x1.1111111111111p-6))
#define SERIES_H_3(l, s) (htst_fma(s, htst_fma(s, 0x1.2f684bda12f68p-14, 0x1.c71c71c71c71cp-12), 0x1.5555555555555p-11))
#define SERIES_H_4(l, s) ((l) * htst_fma(s, htst_fma(s, -0x1.71de3a556c734p-17, 0x1.1566abc011567p-14), 0x1.3813813813814p-12))
#define SERIES_H_5(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, -0x1.76e06fec7273bp-19, 0x1.419ca252adb36p-17), -0x1.2fc962fc962fdp-13), -0x1.5555555555555p-15))
#define SERIES_H_6(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, -0x1.48c5892f7cd83p-22, 0x1.ed284dc73b445p-21), 0x1.ce55c8eac7900p-17), 0x1.a01a01a01a01ap-16))
#define SERIES_H_7(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, -0x1.255370652afc1p-27, 0x1.ed284dc73b445p-31), -0x1.8006ef5de4cd4p-22), -0x1.8231bcb564effp-20), -0x1.999999999999ap-22))
#define SERIES_H_8(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.f1b22f594c6b5p-29, -0x1.4ebfd17f7a75cp-26), 0x1.42cb40df7f3abp-26), -0x1.35581e2b84984p-20), -0x1.7a463005e918cp-21))
#define SERIES_H_9(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.bd6d21e4b4109p-31, -0x1.1bd2ca3a4b691p-28), 0x1.0b870b183accep-27), 0x1.0ddc882dd3dd0p-22), 0x1.19135b925ef05p-21), 0x1.b05b05b05b05bp-25))
#define SERIES_H_10(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.7b5f9a2d0465cp-34, -0x1.e87570d5cfe2ap-32), 0x1.0997a09737868p-30), -0x1.8713c9ac504c0p-26), -0x1.db08e63d172c6p-24), -0x1.791c3953dfb70p-25))
#define SERIES_H_11(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.ccf5ceb7f0d9fp-40, -0x1.038301d14a2f2p-38), 0x1.157ecf2d37172p-39), 0x1.13253e1b6d663p-31), 0x1.6e4754716a883p-29), 0x1.bc10650abf7e8p-29), 0x1.566abc011566bp-32))
#define SERIES_H_12(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, -0x1.6097d55c37c1cp-40, 0x1.338ee5eba66f8p-37), -0x1.b656e6c6abd12p-36), 0x1.01fd6c02393edp-34), 0x1.6a0a257a7382fp-29), 0x1.a79048d13f661p-28), 0x1.8713c9ac504c0p-30))
#define SERIES_H_13(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, -0x1.2d2197c7a2faap-42, 0x1.08f79e15d5f16p-39), -0x1.8d4f6a65506fdp-38), 0x1.598b32b352b76p-37), -0x1.0c1f8fc47d75dp-31), -0x1.48f74819a5863p-29), -0x1.8b7fa3119cbf1p-30), -0x1.29fd4a7f529fdp-34))
#define SERIES_H_14(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, -0x1.f6e66d24d5c8ap-46, 0x1.c6adbf35c2b83p-43), -0x1.654f0d2530818p-41), 0x1.33c4367024a66p-40), 0x1.1e714d0134fafp-35), 0x1.84e7582764601p-32), 0x1.ef50b2a1b3659p-32), 0x1.54523c4975ebap-34))
#define SERIES_H_15(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, -0x1.c0d9b6edf2b0bp-52, 0x1.d56ce5a3861f2p-50), -0x1.6a6ff9a3b0359p-50), -0x1.8956921ebb652p-47), -0x1.6a1c45eb76c95p-41), -0x1.8aa8016d744cap-38), -0x1.bc3320e9cd579p-37), -0x1.bd310e8cf772ep-38), -0x1.51f024b2a6301p-42))
#define SERIES_H_16(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.0070a87340428p-51, -0x1.1af1d5408e102p-48), 0x1.11875af5fada3p-46), -0x1.33c346d108ce7p-45), 0x1.bdeed3b786183p-46), -0x1.8ec32660fe232p-38), -0x1.e86da7e650540p-36), -0x1.86d9a9401b4c0p-36), -0x1.76a6a5d4acd4ap-39))
#define SERIES_H_17(l, s) (htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.ac9475c463659p-54, -0x1.e340a630f892bp-51), 0x1.e3adf2fe6b971p-49), -0x1.1a6c00d70090bp-47), 0x1.97d5e2a117dfcp-47), 0x1.da27787fdff7bp-41), 0x1.199eb4a4ce462p-37), 0x1.a5e5adc181ae7p-37), 0x1.e1d7519adc6cbp-39), 0x1.aaaf4a3e9888dp-44))
#define SERIES_H_18(l, s) ((l) * htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, htst_fma(s, 0x1.61ca701fd754ap-57, -0x1.9aa0f69ccd534p-54), 0x1.aa8f52d42fb2bp-52), -0x1.040dfaf5d1769p-50), 0x1.a47abca579d04p-50), -0x1.ec6b36c5f1018p-45), -0x1.0886b755ab4b2p-40), -0x1.5edc9831f2311p-39), -0x1.8bef6265061d7p-40), -0x1.2ea1398c764c6p-43))

/* (1 + 2 z) erfcx(z) in powers of (z - ERFCX_CENTRE)/(z + ERFCX_CENTRE) */
static const double ERFCX[ERFCX_DEGREE + 1] = {
    0x1.3ccda0b5d5dc2p+0,
    -0x1.1f367683f89a7p-3,
    0x1.d5f2948159d5cp-9,
    0x1.510169d096805p-4,
    -0x1.bda9309a288f3p-4,
    0x1.7a14188a99ad9p-4,
    -0x1.e0d0fa6dfff48p-5,
    0x1.d0b0037dce4a5p-6,
    -0x1.3f603c33d3651p-7,
    0x1.cc3a0e20e382ap-10,
    0x1.33fb248b98a1fp-12,
    -0x1.303f9d6d67f1ap-12,
    0x1.b14442355be43p-15,
    0x1.778a1ef1acfe3p-16,
    -0x1.800839304a96cp-17,
    -0x1.05239c97b0804p-20,
    0x1.d6afb6f3f188ep-20,
    -0x1.f4f5f1bc12eefp-25,
    -0x1.18678c18ad7acp-22,
    0x1.a28c4a9467a8ap-26,
    0x1.5ff0ac2a5982fp-25,
    -0x1.3205603c251e9p-28,
    -0x1.c1ceb688aadedp-28,
    0x1.4001e0b4f6b8dp-31,
    0x1.efff7805d80a7p-31,
    -0x1.b4c8195ee892bp-35,
    -0x1.42cb7ae4cd5a0p-34,
    0x1.f99a046464d7dp-40,
};

/* log n! - log(sqrt(2 pi n) (n/e)^n), n = 0 ... 15; 0 stands for n = 0 */
static const double STIRLING_ERROR[16] = {
    0x0.0p+0,
    0x1.4c071bcda0a5bp-4,
    0x1.52a9b923ea649p-5,
    0x1.c579a268d80b3p-6,
    0x1.54a2662fd78a9p-6,
    0x1.10b4e513fcbedp-6,
    0x1.c6b167bebdf36p-7,
    0x1.85d4d612e4a86p-7,
    0x1.552805e7b3076p-7,
    0x1.2f4871b12ab64p-7,
    0x1.10f9d4c0743a7p-7,
    0x1.f0593088014f8p-8,
    0x1.c7018733aa9c6p-8,
    0x1.a40514700f36cp-8,
    0x1.86076c002d4a7p-8,
    0x1.6c08f6f194a10p-8,
};

#endif
