"""The page of `htstats report` in a real browser: sort, filter, open, download, dark, a phone."""

import csv
import io
import json
import math

import numpy as np
import pytest
from browser import Visit, open_browser
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.power_law import fit_power_law
from htstats.report import html_report

RNG = np.random.default_rng(0)
HEAVY = {
    f"layers.{i}.{role}.weight": RNG.standard_t(2 + i, shape).astype(np.float32)
    for i in range(3)
    for role, shape in (("attn", (40, 30)), ("mlp", (30, 50)))
}
ARRAYS = HEAVY | {"constant": np.ones((3, 4), np.float32), "layers.0.bias": np.zeros(5)}


@pytest.fixture(scope="module")
def browser():
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    file = write_safetensors(folder / "net.safetensors", ARRAYS)
    out = folder / "net.html"
    assert main(["report", str(file), "-o", str(out), "--gof", "40", "--spectrum"]) == 1
    return out


@pytest.fixture
def visit(browser, path):
    opened = Visit(browser, path)
    yield opened
    opened.close()


def test_sorting_follows_the_numbers(visit):
    fits = {name: fit_power_law(w.ravel(), side="abs") for name, w in HEAVY.items()}
    for key in ("alpha", "distance", "n_tail", "xmin"):
        order = sorted(HEAVY, key=lambda name: getattr(fits[name], key))
        head = f"#matrices th[data-key={key}]"
        visit.page.click(f"{head} button")
        assert visit.names() == [*order, "constant"]  # a matrix without numbers comes last
        assert visit.page.get_attribute(head, "aria-sort") == "ascending"
        visit.page.click(f"{head} button")
        assert visit.names() == [*order[::-1], "constant"]
        assert visit.page.get_attribute(head, "aria-sort") == "descending"


def test_filtering_shows_what_matches(visit):
    visit.page.fill("#filter", "ATTN 1")
    assert visit.names() == ["layers.1.attn.weight"]
    assert visit.page.text_content("#shown") == "1 of 7"
    visit.page.fill("#filter", "")
    visit.page.select_option("#show", "failed")
    assert visit.names() == ["constant"]
    visit.page.select_option("#show", "heavy")
    heavy = [n for n, w in HEAVY.items() if fit_power_law(w.ravel(), side="abs").tail_exponent < 2]
    assert sorted(visit.names()) == sorted(heavy)


def test_a_matrix_opens_by_click_and_by_keyboard(visit):
    row = visit.row("layers.1.mlp.weight")
    button = f"{row} .name"
    visit.page.click(button)
    assert visit.page.get_attribute(button, "aria-expanded") == "true"
    titles = visit.page.eval_on_selector_all(
        "tr.detail figcaption h4", "a => a.map(e => e.innerText)"
    )
    assert titles == [
        "Tail", "Scan for xmin", "Kept fraction against threshold",
        "Predicted against counted non-zeros", "Spectrum",
    ]  # fmt: skip
    legend = visit.page.text_content("tr.detail figure:first-child .legend")
    assert "power law" in legend
    assert "lognormal" in legend
    assert "exponential" in legend
    visit.page.press(button, "Enter")
    assert visit.page.query_selector("tr.detail") is None
    visit.page.press(button, "Space")
    assert visit.page.query_selector("tr.detail") is not None


def test_sorting_keeps_an_open_matrix_with_its_row(visit):
    visit.page.click(f"{visit.row('layers.0.attn.weight')} .name")
    visit.page.click("#matrices th[data-key=alpha] button")
    after = visit.page.eval_on_selector("tr.detail", "e => e.previousElementSibling.id + '-detail'")
    assert after == visit.page.get_attribute("tr.detail", "id")


def test_csv_has_the_numbers_of_the_fits(visit):
    text, name = visit.download("#save-csv")
    assert name == "net.safetensors.csv"
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows.keys() == HEAVY.keys() | {"constant"}
    for matrix, w in HEAVY.items():
        fit = fit_power_law(w.ravel(), side="abs")
        for key in ("alpha", "tail_exponent", "xmin", "distance", "stderr"):
            assert float(rows[matrix][key]) == getattr(fit, key)  # all digits
        assert int(rows[matrix]["n_tail"]) == fit.n_tail
        low, high = fit.confidence_interval().alpha
        assert math.isclose(float(rows[matrix]["alpha_interval_low"]), low, rel_tol=1e-14)
        assert math.isclose(float(rows[matrix]["alpha_interval_high"]), high, rel_tol=1e-14)
        sigma = np.std(w.astype(np.longdouble))
        assert int(rows[matrix]["kept"]) == np.count_nonzero(np.abs(w) > sigma)
    assert rows["constant"]["alpha"] == ""
    assert "at least two distinct" in rows["constant"]["error"]


def test_json_has_everything(visit, path):
    text, name = visit.download("#save-json")
    assert name == "net.safetensors.json"
    found = json.loads(text)
    file = str(path.with_name("net.safetensors"))
    assert found == html_report(file, gof=40, spectrum=True).data


def test_curves_of_a_matrix_download(visit):
    visit.page.click(f"{visit.row('layers.2.attn.weight')} .name")
    text, _ = visit.download("tr.detail button:text-is('Curves as CSV')")
    rows = list(csv.DictReader(io.StringIO(text)))
    w = np.abs(HEAVY["layers.2.attn.weight"].astype(np.float64))
    fit = fit_power_law(w.ravel())
    # the thresholds are rounded to five digits, and some lie just below a value
    counted = [(float(r["x"]), int(r["value"])) for r in rows if r["curve"] == "tail"]
    assert len(counted) > 20
    for x, n in counted:
        assert np.count_nonzero(w >= x * (1 + 1e-4)) <= n <= np.count_nonzero(w >= x * (1 - 1e-4))
    scan = {
        float(r["x"]): float(r["value"])
        for r in rows
        if (r["curve"], r["quantity"]) == ("scan", "D")
    }
    assert min(scan.values()) == float(f"{fit.distance:.5g}")
    assert {"alternatives/lognormal", "spectrum"} <= {r["curve"] for r in rows}
    text, _ = visit.download("tr.detail button:text-is('All as JSON')")
    assert json.loads(text)["alpha"] == fit.alpha


def test_a_figure_shows_and_downloads_its_numbers(visit):
    figure = "#overview figure:first-child"
    visit.page.click(f"{figure} button:text-is('Numbers')")
    cells = visit.page.eval_on_selector_all(f"{figure} tbody tr", "a => a.length")
    assert cells == len(HEAVY)
    text, _ = visit.download(f"{figure} button:text-is('CSV')")
    rows = list(csv.DictReader(io.StringIO(text)))
    alphas = {row["name"]: float(row["alpha"]) for row in rows}
    assert alphas == {n: fit_power_law(w.ravel(), side="abs").alpha for n, w in HEAVY.items()}


def test_the_keyboard_reads_a_figure_and_opens_a_matrix(visit):
    svg = "#overview figure:first-child svg[role=img]"
    visit.page.focus(svg)
    visit.page.keyboard.press("ArrowRight")
    assert "layers.0.attn.weight" in visit.page.text_content("#status")
    visit.page.keyboard.press("Enter")
    opened = visit.page.eval_on_selector("tr.detail", "e => e.previousElementSibling.innerText")
    assert "layers.0.attn.weight" in opened


def test_a_tip_stands_beside_its_point(visit):
    dot = visit.page.locator("#overview figure:first-child svg[role=img] .dot").nth(2)
    dot.hover()
    tip = visit.page.locator("#overview figure:first-child .tip")
    assert "alpha: " in tip.inner_text()
    at, point = tip.bounding_box(), dot.bounding_box()
    assert abs(at["x"] - point["x"]) < 300
    assert abs(at["y"] + at["height"] - point["y"]) < 120
    visit.page.mouse.move(5, 5)
    assert not tip.is_visible()


def test_the_colours_follow_the_system_and_the_switch(browser, path):
    def background(visit):
        return visit.page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = Visit(browser, path, color_scheme="dark")
    light = Visit(browser, path, color_scheme="light")
    dark_colour, light_colour = background(dark), background(light)
    assert dark_colour != light_colour
    assert light.page.text_content("#theme") == "Auto"
    light.page.click("#theme")
    assert (light.page.text_content("#theme"), background(light)) == ("Light", light_colour)
    light.page.click("#theme")
    assert (light.page.text_content("#theme"), background(light)) == ("Dark", dark_colour)
    light.page.emulate_media(media="print")
    assert background(light) == "rgb(255, 255, 255)"
    dark.close()
    light.close()


CONTRASTS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [], APART = ".hidden, noscript, .skip";
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !element.getClientRects().length || element.closest(APART)) continue;
    const style = getComputedStyle(element);
    const ink = parse(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.textContent.slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(browser, path, scheme):
    visit = Visit(browser, path, color_scheme=scheme)
    visit.page.click(f"{visit.row('layers.1.mlp.weight')} .name")
    found = visit.page.evaluate(CONTRASTS)
    assert len(found) > 100
    assert found[0][0] >= 4.5, found[:5]
    visit.close()


@pytest.mark.parametrize("width", [390, 768])
def test_a_narrow_window_does_not_scroll_sideways(browser, path, width):
    visit = Visit(browser, path, width=width, height=844)
    visit.page.click(f"{visit.row('layers.1.mlp.weight')} .name")
    visit.page.wait_for_timeout(300)
    sizes = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1] == width
    for letters in visit.page.eval_on_selector_all(
        "figure svg[role=img] text", "a => a.map(e => e.getBoundingClientRect().height)"
    ):
        assert letters >= 9  # readable: a picture is drawn anew, not shrunk
    if width == 390:
        visit.page.select_option("#sort", "alpha")
        fits = {name: fit_power_law(w.ravel(), side="abs").alpha for name, w in HEAVY.items()}
        assert visit.names() == [*sorted(fits, key=fits.get), "constant"]
    visit.close()


# Letters outside of their picture, and headings of panels that are wider than the window.
CUT_OFF = r"""
() => {
  const inside = (box, frame) => box.left >= frame.left - 1 && box.right <= frame.right + 1;
  const labels = [...document.querySelectorAll("figure svg[role=img] text")].filter((text) =>
    !inside(text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()));
  const window_ = { left: 0, right: innerWidth };
  const heads = [...document.querySelectorAll(".panel h3 bdi")].filter((head) =>
    [...head.getClientRects()].some((box) => !inside(box, window_)));
  return [...labels, ...heads].map((element) => element.textContent);
}
"""


@pytest.fixture(scope="module")
def long_path(tmp_path_factory):
    """A page of twelve matrices with long names."""
    folder = tmp_path_factory.mktemp("long")
    rng = np.random.default_rng(8)
    arrays = {
        f"model.decoder.layers.{i}.self_attention.query_projection.weight":
            rng.standard_t(2.5, (60, 50)).astype(np.float32)
        for i in range(12)
    }  # fmt: skip
    file = write_safetensors(folder / "net.safetensors", arrays)
    assert main(["report", str(file), "-o", str(folder / "net.html")]) == 0
    return folder / "net.html"


@pytest.mark.parametrize("width", [390, 768, 1360])
def test_nothing_is_cut_off(browser, long_path, width):
    visit = Visit(browser, long_path, width=width, height=844)
    visit.page.click("#matrices tr.row .name >> nth=0")
    visit.page.wait_for_selector("tr.detail svg text")
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate(CUT_OFF) == []
    depth = visit.page.locator("figure", has_text="alpha by depth").first.locator("svg text")
    numbers = depth.all_text_contents()
    assert "10" in numbers  # a depth is a whole number
    assert not {"2.5", "7.5", "12.5"} & set(numbers)
    visit.close()


# Words of table cells that stand on more than one line.
BROKEN_WORDS = r"""
() => {
  const broken = [];
  for (const cell of document.querySelectorAll("th, td:not(.m)")) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      if (walk.currentNode.parentElement.closest(".name, .m")) continue;
      for (const word of walk.currentNode.data.matchAll(/[a-z]{4,}/gi)) {
        const range = document.createRange();
        range.setStart(walk.currentNode, word.index);
        range.setEnd(walk.currentNode, word.index + word[0].length);
        const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (tops.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}
"""


@pytest.mark.parametrize("width", [390, 768, 1360])
def test_no_word_of_a_table_is_broken(browser, path, width):
    visit = Visit(browser, path, width=width, height=844)
    visit.page.click(f"{visit.row('layers.1.mlp.weight')} .name")
    visit.page.wait_for_selector("tr.detail table")
    assert visit.page.evaluate("document.querySelectorAll('td.t, td.words').length") > 10
    assert visit.page.evaluate(BROKEN_WORDS) == []
    visit.close()


def test_tables_keep_their_roles_on_a_phone(browser, path):
    visit = Visit(browser, path, width=390, height=844)
    assert visit.page.get_by_role("table", name="Fits of all matrices").count() == 1
    assert visit.page.get_by_role("button", name="layers.1.mlp.weight").count() >= 1
    unnamed = visit.page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter(e => !(e.ariaLabel || "
        "e.textContent.trim() || e.labels?.length)).length"
    )
    assert unnamed == 0
    visit.close()


def test_two_networks_stand_side_by_side(browser, tmp_path):
    files = []
    for k, name in enumerate("ab"):
        arrays = {n: (w * (k + 1) + k).astype(np.float32) for n, w in HEAVY.items()}
        files.append(str(write_safetensors(tmp_path / f"{name}.safetensors", arrays)))
    out = tmp_path / "two.html"
    assert main(["report", *files, "-o", str(out)]) == 0
    visit = Visit(browser, out)
    assert len(visit.names()) == 2 * len(HEAVY)
    visit.page.click("#matrices tr.row >> nth=0")
    panels = visit.page.eval_on_selector_all("tr.detail h3", "a => a.map(e => e.textContent)")
    assert len(panels) == 2
    assert panels[0].startswith("A layers.0.attn.weight")
    assert panels[1].startswith("B layers.0.attn.weight")
    visit.page.select_option("#show", "B")
    assert len(visit.names()) == len(HEAVY)
    rows = list(csv.DictReader(io.StringIO(visit.download("#save-csv")[0])))
    assert [row["network"] for row in rows] == ["A"] * len(HEAVY) + ["B"] * len(HEAVY)
    visit.close()


def test_a_column_has_its_page(browser, tmp_path):
    x = np.random.default_rng(1).pareto(1.5, 800) + 1
    file, out = tmp_path / "sizes.txt", tmp_path / "sizes.html"
    np.savetxt(file, x)
    assert main(["report", str(file), "-o", str(out), "--compare"]) == 0
    visit = Visit(browser, out, width=390)
    titles = visit.page.eval_on_selector_all("figcaption h4", "a => a.map(e => e.innerText)")
    assert titles == [
        "Tail", "Scan for xmin", "Fraction above a threshold", "Predicted against counted numbers",
    ]  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(visit.download("#save-csv")[0]))
    fit = fit_power_law(x)
    assert float(row["alpha"]) == fit.alpha
    assert float(row["gof_pvalue"]) == fit.goodness_of_fit(2500, stop_at=0.1).pvalue
    for ratio in fit.compare_all().rows:
        assert float(row[f"compare_{ratio.second.name}_R"]) == pytest.approx(ratio.R, rel=1e-9)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.close()


NASTY = [
    "</script><img src=x onerror=alert(1)>",
    "<svg/onload=alert(2)>",
    "\"><b onmouseover='alert(3)'>",
    "<!-- <script>alert(4)</script>",
    "{{data}} {{policy}} \\u003c",
    "a&amp;b &lt;i&gt;",
    "\u202egnp.exe \u2028 \u2029 \x00 \x1b[31m",
    "=cmd|' /C calc'!A0, \"quoted\"\nnext line",
    "__proto__", "constructor", "toString",
    "long" * 80,
]  # fmt: skip


def test_names_of_tensors_are_only_text(browser, tmp_path):
    arrays = {
        name: np.random.default_rng(k).standard_t(3, (12, 10)) for k, name in enumerate(NASTY)
    }
    file = write_safetensors(tmp_path / "<img src=x onerror=alert(5)>.safetensors", arrays)
    out = tmp_path / "nasty.html"
    assert main(["report", str(file), "-o", str(out)]) == 0
    visit = Visit(browser, out, width=390)
    # HTML cannot have NUL, so that it is shown as U+FFFD
    assert sorted(visit.names()) == sorted(name.replace("\x00", "\ufffd") for name in NASTY)
    for k in range(len(NASTY)):
        visit.page.click(f"tr.row >> nth={k} >> .name")
    visit.page.wait_for_timeout(300)
    assert visit.page.query_selector("img, b, script[src], svg[onload]") is None
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    rows = list(csv.DictReader(io.StringIO(visit.download("#save-csv")[0], newline="")))
    assert sorted(row["name"] for row in rows) == sorted(NASTY)
    visit.close()


def test_the_policy_stops_scripts_and_requests(visit):
    visit.page.evaluate(
        """() => {
          const image = document.createElement('div');
          image.innerHTML = '<img src="x" onerror="document.title = 1">';
          document.body.append(image);
          const script = document.createElement('script');
          script.textContent = 'document.title = 2';
          document.body.append(script);
          return fetch('https://example.org/').catch(() => null);
        }"""
    )
    visit.page.wait_for_timeout(200)
    assert visit.page.title() == "net.safetensors - htstats report"
    assert len(visit.messages) >= 3
    assert all("Content Security Policy" in m or "Failed to fetch" in m for m in visit.messages)
    # the browser lists what it was asked for, although it let nothing out
    visit.messages.clear()
    visit.requests[1:] = []
