"""Faults in csrc/certificate: the search of linear heads."""

from fault import Fault

FAULTS = (
    Fault(
        "htst_margins.c",
        "a tie with the label counts as right",
        "margin = margin < HTST_MARGIN_FAR ? (int16_t) (margin + 1) : HTST_MARGIN_FAR;",
        "margin = margin < HTST_MARGIN_FAR ? margin : HTST_MARGIN_FAR;",
        quick=True,
    ),
    Fault(
        "htst_margins.c",
        "a difference of logits wraps around",
        "margin = overflow < 0 ? far : margin;",
        "margin = overflow < 0 ? margin : margin;",
    ),
    Fault(
        "htst_margins.c",
        "a third class that beats the label is forgotten",
        "margins[i] = label[i] > third ? margin : -HTST_MARGIN_FAR;",
        "margins[i] = label[i] >= third ? margin : -HTST_MARGIN_FAR;",
    ),
    Fault(
        "htst_margins.c",
        "the second largest of three rows lost",
        "next = smaller > next ? smaller : next;",
        "next = smaller;",
    ),
    Fault(
        "htst_panel.c",
        "rows of a panel's columns interleaved in another order",
        "interleave(rows[r], rows[r + ROWS / 2], width, from + 2 * r * width);",
        "interleave(rows[r + ROWS / 2], rows[r], width, from + 2 * r * width);",
    ),
    Fault(
        "htst_panel.c",
        "a panel without its last examples",
        "if ((t + 1) * size / found > t * size / found) {",
        "if ((t + 2) * size / found > t * size / found) {",
    ),
    Fault(
        "htst_panel.c",
        "logits of another example",
        "panel->logits[q * panel->n + t] = chunk.logits[q * chunk.n + i - chunk.starts[0]];",
        "panel->logits[q * panel->n + t] = chunk.logits[q * chunk.n + t];",
    ),
    Fault(
        "htst_anneal.c",
        "panels do not follow an accepted change",
        "htst_margins_apply(&panel, change);",
        "htst_margins_apply(&panel, &(htst_margins_change_t){ .n_columns = 0 });",
        quick=True,
    ),
    Fault(
        "htst_anneal.c",
        "a class with too many non-zeros for int16",
        "if (state->in_class[c] > most_in_class(cost) || !is_offset(cost, state->offsets[c])) {",
        "if (!is_offset(cost, state->offsets[c])) {",
    ),
    Fault(
        "htst_anneal_draw.c",
        "the offset moves with the mean instead of against it",
        "shift -= (int64_t) change->weights[t]",
        "shift += (int64_t) change->weights[t]",
    ),
)
