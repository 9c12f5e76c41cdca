/* Written by tests/tables/make_binomial_tables.py: change that, not this. */
#ifndef HTST_BINOMIAL_TABLES_H
#define HTST_BINOMIAL_TABLES_H

#define SERIES_TERMS 20
#define ERFCX_DEGREE 27
#define ERFCX_CENTRE 3.75

/* SERIES_H[M][i]: coefficient of lambda^(2 i + (M + 1) % 2) in h_(M+1), M = 1 ... */
static const double SERIES_H[21][11] = {
    {0.0},
    {0x1.0000000000000p-4, 0x1.5555555555555p-6},
    {-0x1.1111111111111p-6, 0x1.e573ac901e574p-10},
    {0x1.5555555555555p-11, 0x1.c71c71c71c71cp-12, 0x1.2f684bda12f68p-14},
    {0x1.3813813813814p-12, 0x1.1566abc011567p-14, -0x1.71de3a556c734p-17},
    {-0x1.5555555555555p-15, -0x1.2fc962fc962fdp-13, 0x1.419ca252adb36p-17, -0x1.76e06fec7273bp-19},
    {0x1.a01a01a01a01ap-16, 0x1.ce55c8eac7900p-17, 0x1.ed284dc73b445p-21, -0x1.48c5892f7cd83p-22},
    {-0x1.999999999999ap-22, -0x1.8231bcb564effp-20, -0x1.8006ef5de4cd4p-22, 0x1.ed284dc73b445p-31, -0x1.255370652afc1p-27},
    {-0x1.7a463005e918cp-21, -0x1.35581e2b84984p-20, 0x1.42cb40df7f3abp-26, -0x1.4ebfd17f7a75cp-26, 0x1.f1b22f594c6b5p-29},
    {0x1.b05b05b05b05bp-25, 0x1.19135b925ef05p-21, 0x1.0ddc882dd3dd0p-22, 0x1.0b870b183accep-27, -0x1.1bd2ca3a4b691p-28, 0x1.bd6d21e4b4109p-31},
    {-0x1.791c3953dfb70p-25, -0x1.db08e63d172c6p-24, -0x1.8713c9ac504c0p-26, 0x1.0997a09737868p-30, -0x1.e87570d5cfe2ap-32, 0x1.7b5f9a2d0465cp-34},
    {0x1.566abc011566bp-32, 0x1.bc10650abf7e8p-29, 0x1.6e4754716a883p-29, 0x1.13253e1b6d663p-31, 0x1.157ecf2d37172p-39, -0x1.038301d14a2f2p-38, 0x1.ccf5ceb7f0d9fp-40},
    {0x1.8713c9ac504c0p-30, 0x1.a79048d13f661p-28, 0x1.6a0a257a7382fp-29, 0x1.01fd6c02393edp-34, -0x1.b656e6c6abd12p-36, 0x1.338ee5eba66f8p-37, -0x1.6097d55c37c1cp-40},
    {-0x1.29fd4a7f529fdp-34, -0x1.8b7fa3119cbf1p-30, -0x1.48f74819a5863p-29, -0x1.0c1f8fc47d75dp-31, 0x1.598b32b352b76p-37, -0x1.8d4f6a65506fdp-38, 0x1.08f79e15d5f16p-39, -0x1.2d2197c7a2faap-42},
    {0x1.54523c4975ebap-34, 0x1.ef50b2a1b3659p-32, 0x1.84e7582764601p-32, 0x1.1e714d0134fafp-35, 0x1.33c4367024a66p-40, -0x1.654f0d2530818p-41, 0x1.c6adbf35c2b83p-43, -0x1.f6e66d24d5c8ap-46},
    {-0x1.51f024b2a6301p-42, -0x1.bd310e8cf772ep-38, -0x1.bc3320e9cd579p-37, -0x1.8aa8016d744cap-38, -0x1.6a1c45eb76c95p-41, -0x1.8956921ebb652p-47, -0x1.6a6ff9a3b0359p-50, 0x1.d56ce5a3861f2p-50, -0x1.c0d9b6edf2b0bp-52},
    {-0x1.76a6a5d4acd4ap-39, -0x1.86d9a9401b4c0p-36, -0x1.e86da7e650540p-36, -0x1.8ec32660fe232p-38, 0x1.bdeed3b786183p-46, -0x1.33c346d108ce7p-45, 0x1.11875af5fada3p-46, -0x1.1af1d5408e102p-48, 0x1.0070a87340428p-51},
    {0x1.aaaf4a3e9888dp-44, 0x1.e1d7519adc6cbp-39, 0x1.a5e5adc181ae7p-37, 0x1.199eb4a4ce462p-37, 0x1.da27787fdff7bp-41, 0x1.97d5e2a117dfcp-47, -0x1.1a6c00d70090bp-47, 0x1.e3adf2fe6b971p-49, -0x1.e340a630f892bp-51, 0x1.ac9475c463659p-54},
    {-0x1.2ea1398c764c6p-43, -0x1.8bef6265061d7p-40, -0x1.5edc9831f2311p-39, -0x1.0886b755ab4b2p-40, -0x1.ec6b36c5f1018p-45, 0x1.a47abca579d04p-50, -0x1.040dfaf5d1769p-50, 0x1.aa8f52d42fb2bp-52, -0x1.9aa0f69ccd534p-54, 0x1.61ca701fd754ap-57},
    {0x1.7577891e9503bp-52, 0x1.a3f25eea8a1a4p-47, 0x1.90733ca4a5de4p-45, 0x1.6fecccf9b1d48p-45, 0x1.a8dada40c54b0p-47, 0x1.178a66ccb75d6p-50, -0x1.f98a0563f0330p-58, 0x1.e03ff851bd2c5p-60, 0x1.57d67af039e2ep-60, -0x1.7ae2cc0f10d0fp-61, 0x1.ef98008f5eec2p-64},
    {0x1.583e7384596fap-48, 0x1.267a959c15984p-44, 0x1.6aa8c0e640b75p-43, 0x1.ab461f030968ep-44, 0x1.8d1bc945bf6e8p-47, 0x1.a534079b86159p-54, -0x1.a933ca7e240b8p-55, 0x1.bf4f4c7a3fe2ep-56, -0x1.3550bc96e0d35p-57, 0x1.fe0d9e13865cfp-60, -0x1.7ba0759769d7cp-63},
};

/* h_(M+1) of lambda = l, s = l^2, for loops that must not branch */
#define SERIES_H_1(l, s) ((0x1.0000000000000p-4 + (s) * (0x1.5555555555555p-6)))
#define SERIES_H_2(l, s) ((l) * (-0x1.1111111111111p-6 + (s) * (0x1.e573ac901e574p-10)))
#define SERIES_H_3(l, s) ((0x1.5555555555555p-11 + (s) * (0x1.c71c71c71c71cp-12 + (s) * (0x1.2f684bda12f68p-14))))
#define SERIES_H_4(l, s) ((l) * (0x1.3813813813814p-12 + (s) * (0x1.1566abc011567p-14 + (s) * (-0x1.71de3a556c734p-17))))
#define SERIES_H_5(l, s) ((-0x1.5555555555555p-15 + (s) * (-0x1.2fc962fc962fdp-13 + (s) * (0x1.419ca252adb36p-17 + (s) * (-0x1.76e06fec7273bp-19)))))
#define SERIES_H_6(l, s) ((l) * (0x1.a01a01a01a01ap-16 + (s) * (0x1.ce55c8eac7900p-17 + (s) * (0x1.ed284dc73b445p-21 + (s) * (-0x1.48c5892f7cd83p-22)))))
#define SERIES_H_7(l, s) ((-0x1.999999999999ap-22 + (s) * (-0x1.8231bcb564effp-20 + (s) * (-0x1.8006ef5de4cd4p-22 + (s) * (0x1.ed284dc73b445p-31 + (s) * (-0x1.255370652afc1p-27))))))
#define SERIES_H_8(l, s) ((l) * (-0x1.7a463005e918cp-21 + (s) * (-0x1.35581e2b84984p-20 + (s) * (0x1.42cb40df7f3abp-26 + (s) * (-0x1.4ebfd17f7a75cp-26 + (s) * (0x1.f1b22f594c6b5p-29))))))
#define SERIES_H_9(l, s) ((0x1.b05b05b05b05bp-25 + (s) * (0x1.19135b925ef05p-21 + (s) * (0x1.0ddc882dd3dd0p-22 + (s) * (0x1.0b870b183accep-27 + (s) * (-0x1.1bd2ca3a4b691p-28 + (s) * (0x1.bd6d21e4b4109p-31)))))))
#define SERIES_H_10(l, s) ((l) * (-0x1.791c3953dfb70p-25 + (s) * (-0x1.db08e63d172c6p-24 + (s) * (-0x1.8713c9ac504c0p-26 + (s) * (0x1.0997a09737868p-30 + (s) * (-0x1.e87570d5cfe2ap-32 + (s) * (0x1.7b5f9a2d0465cp-34)))))))
#define SERIES_H_11(l, s) ((0x1.566abc011566bp-32 + (s) * (0x1.bc10650abf7e8p-29 + (s) * (0x1.6e4754716a883p-29 + (s) * (0x1.13253e1b6d663p-31 + (s) * (0x1.157ecf2d37172p-39 + (s) * (-0x1.038301d14a2f2p-38 + (s) * (0x1.ccf5ceb7f0d9fp-40))))))))
#define SERIES_H_12(l, s) ((l) * (0x1.8713c9ac504c0p-30 + (s) * (0x1.a79048d13f661p-28 + (s) * (0x1.6a0a257a7382fp-29 + (s) * (0x1.01fd6c02393edp-34 + (s) * (-0x1.b656e6c6abd12p-36 + (s) * (0x1.338ee5eba66f8p-37 + (s) * (-0x1.6097d55c37c1cp-40))))))))
#define SERIES_H_13(l, s) ((-0x1.29fd4a7f529fdp-34 + (s) * (-0x1.8b7fa3119cbf1p-30 + (s) * (-0x1.48f74819a5863p-29 + (s) * (-0x1.0c1f8fc47d75dp-31 + (s) * (0x1.598b32b352b76p-37 + (s) * (-0x1.8d4f6a65506fdp-38 + (s) * (0x1.08f79e15d5f16p-39 + (s) * (-0x1.2d2197c7a2faap-42)))))))))
#define SERIES_H_14(l, s) ((l) * (0x1.54523c4975ebap-34 + (s) * (0x1.ef50b2a1b3659p-32 + (s) * (0x1.84e7582764601p-32 + (s) * (0x1.1e714d0134fafp-35 + (s) * (0x1.33c4367024a66p-40 + (s) * (-0x1.654f0d2530818p-41 + (s) * (0x1.c6adbf35c2b83p-43 + (s) * (-0x1.f6e66d24d5c8ap-46)))))))))
#define SERIES_H_15(l, s) ((-0x1.51f024b2a6301p-42 + (s) * (-0x1.bd310e8cf772ep-38 + (s) * (-0x1.bc3320e9cd579p-37 + (s) * (-0x1.8aa8016d744cap-38 + (s) * (-0x1.6a1c45eb76c95p-41 + (s) * (-0x1.8956921ebb652p-47 + (s) * (-0x1.6a6ff9a3b0359p-50 + (s) * (0x1.d56ce5a3861f2p-50 + (s) * (-0x1.c0d9b6edf2b0bp-52))))))))))
#define SERIES_H_16(l, s) ((l) * (-0x1.76a6a5d4acd4ap-39 + (s) * (-0x1.86d9a9401b4c0p-36 + (s) * (-0x1.e86da7e650540p-36 + (s) * (-0x1.8ec32660fe232p-38 + (s) * (0x1.bdeed3b786183p-46 + (s) * (-0x1.33c346d108ce7p-45 + (s) * (0x1.11875af5fada3p-46 + (s) * (-0x1.1af1d5408e102p-48 + (s) * (0x1.0070a87340428p-51))))))))))
#define SERIES_H_17(l, s) ((0x1.aaaf4a3e9888dp-44 + (s) * (0x1.e1d7519adc6cbp-39 + (s) * (0x1.a5e5adc181ae7p-37 + (s) * (0x1.199eb4a4ce462p-37 + (s) * (0x1.da27787fdff7bp-41 + (s) * (0x1.97d5e2a117dfcp-47 + (s) * (-0x1.1a6c00d70090bp-47 + (s) * (0x1.e3adf2fe6b971p-49 + (s) * (-0x1.e340a630f892bp-51 + (s) * (0x1.ac9475c463659p-54)))))))))))
#define SERIES_H_18(l, s) ((l) * (-0x1.2ea1398c764c6p-43 + (s) * (-0x1.8bef6265061d7p-40 + (s) * (-0x1.5edc9831f2311p-39 + (s) * (-0x1.0886b755ab4b2p-40 + (s) * (-0x1.ec6b36c5f1018p-45 + (s) * (0x1.a47abca579d04p-50 + (s) * (-0x1.040dfaf5d1769p-50 + (s) * (0x1.aa8f52d42fb2bp-52 + (s) * (-0x1.9aa0f69ccd534p-54 + (s) * (0x1.61ca701fd754ap-57)))))))))))
#define SERIES_H_19(l, s) ((0x1.7577891e9503bp-52 + (s) * (0x1.a3f25eea8a1a4p-47 + (s) * (0x1.90733ca4a5de4p-45 + (s) * (0x1.6fecccf9b1d48p-45 + (s) * (0x1.a8dada40c54b0p-47 + (s) * (0x1.178a66ccb75d6p-50 + (s) * (-0x1.f98a0563f0330p-58 + (s) * (0x1.e03ff851bd2c5p-60 + (s) * (0x1.57d67af039e2ep-60 + (s) * (-0x1.7ae2cc0f10d0fp-61 + (s) * (0x1.ef98008f5eec2p-64))))))))))))
#define SERIES_H_20(l, s) ((l) * (0x1.583e7384596fap-48 + (s) * (0x1.267a959c15984p-44 + (s) * (0x1.6aa8c0e640b75p-43 + (s) * (0x1.ab461f030968ep-44 + (s) * (0x1.8d1bc945bf6e8p-47 + (s) * (0x1.a534079b86159p-54 + (s) * (-0x1.a933ca7e240b8p-55 + (s) * (0x1.bf4f4c7a3fe2ep-56 + (s) * (-0x1.3550bc96e0d35p-57 + (s) * (0x1.fe0d9e13865cfp-60 + (s) * (-0x1.7ba0759769d7cp-63))))))))))))

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

/* log(j/64), j = 48 ... 96, and log 2, as unevaluated sums of two doubles */
static const double LOG_TABLE[49][2] = {
    {-0x1.269621134db92p-2, -0x1.e0efadd9db02bp-56},
    {-0x1.1178e8227e47cp-2, 0x1.0e63a5f01c691p-57},
    {-0x1.f991c6cb3b379p-3, -0x1.f665066f980a2p-57},
    {-0x1.d1037f2655e7bp-3, -0x1.60629242471a2p-57},
    {-0x1.a93ed3c8ad9e3p-3, -0x1.bcafa9de97203p-57},
    {-0x1.823c16551a3c2p-3, 0x1.1232ce70be781p-57},
    {-0x1.5bf406b543db2p-3, 0x1.1f5b44c0df7e7p-61},
    {-0x1.365fcb0159016p-3, -0x1.7d411a5b944adp-58},
    {-0x1.1178e8227e47cp-3, 0x1.0e63a5f01c691p-58},
    {-0x1.da727638446a2p-4, -0x1.401fa71733019p-58},
    {-0x1.9335e5d594989p-4, 0x1.478a85704ccb7p-58},
    {-0x1.4d3115d207eacp-4, -0x1.769f42c7842ccp-58},
    {-0x1.08598b59e3a07p-4, 0x1.dd7009902bf32p-58},
    {-0x1.894aa149fb343p-5, -0x1.a8be97660a23dp-60},
    {-0x1.0415d89e74444p-5, -0x1.c05cf1d753622p-59},
    {-0x1.0205658935847p-6, -0x1.27c8e8416e71fp-60},
    {0x0.0p+0, 0x0.0p+0},
    {0x1.fc0a8b0fc03e4p-7, -0x1.83092c59642a1p-62},
    {0x1.f829b0e783300p-6, 0x1.33e3f04f1ef23p-60},
    {0x1.77458f632dcfcp-5, 0x1.18d3ca87b9296p-59},
    {0x1.f0a30c01162a6p-5, 0x1.85f325c5bbacdp-59},
    {0x1.341d7961bd1d1p-4, -0x1.b599f227becbbp-58},
    {0x1.6f0d28ae56b4cp-4, -0x1.906d99184b992p-58},
    {0x1.a926d3a4ad563p-4, 0x1.942f48aa70ea9p-58},
    {0x1.e27076e2af2e6p-4, -0x1.61578001e0162p-60},
    {0x1.0d77e7cd08e59p-3, 0x1.9a5dc5e9030acp-57},
    {0x1.29552f81ff523p-3, 0x1.301771c407dbfp-57},
    {0x1.44d2b6ccb7d1ep-3, 0x1.9f4f6543e1f88p-57},
    {0x1.5ff3070a793d4p-3, -0x1.bc60efafc6f6ep-58},
    {0x1.7ab890210d909p-3, 0x1.be36b2d6a0608p-59},
    {0x1.9525a9cf456b4p-3, 0x1.d904c1d4e2e26p-57},
    {0x1.af3c94e80bff3p-3, -0x1.398cff3641985p-58},
    {0x1.c8ff7c79a9a22p-3, -0x1.4f689f8434012p-57},
    {0x1.e27076e2af2e6p-3, -0x1.61578001e0162p-59},
    {0x1.fb9186d5e3e2bp-3, -0x1.caaae64f21acbp-57},
    {0x1.0a324e27390e3p-2, 0x1.7dcfde8061c03p-56},
    {0x1.1675cababa60ep-2, 0x1.ce63eab883717p-61},
    {0x1.22941fbcf7966p-2, -0x1.76f5eb09628afp-56},
    {0x1.2e8e2bae11d31p-2, -0x1.8f4cdb95ebdf9p-56},
    {0x1.3a64c556945eap-2, -0x1.c68651945f97cp-57},
    {0x1.4618bc21c5ec2p-2, 0x1.f42decdeccf1dp-56},
    {0x1.51aad872df82dp-2, 0x1.3927ac19f55e3p-59},
    {0x1.5d1bdbf5809cap-2, 0x1.4236383dc7fe1p-56},
    {0x1.686c81e9b14afp-2, -0x1.ddea0f7f58e3dp-57},
    {0x1.739d7f6bbd007p-2, -0x1.8c76ceb014b04p-56},
    {0x1.7eaf83b82afc3p-2, 0x1.92ce979ed2950p-56},
    {0x1.89a3386c1425bp-2, -0x1.29639dfbbf0fbp-56},
    {0x1.947941c2116fbp-2, -0x1.16cc8bae0bbe4p-56},
    {0x1.9f323ecbf984cp-2, -0x1.a92e513217f5cp-59},
};
static const double LOG_2[2] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const double THIRD[2] = {0x1.5555555555555p-2, 0x1.5555555555555p-56};

#endif
