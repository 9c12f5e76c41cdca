"""Calls of the public functions of matrices and files; see public_calls.py."""

from public_calls_given import given

SPECTRAL = {
    "spectral_norm": lambda w: given(w.matrix),
    "stable_rank": lambda w: given(w.matrix),
    "spectral.bulk_edges": lambda w: given(2.0, 1.0),
    "spectral.estimate_norms": lambda w: given(w.opened, 1e-7),
    "spectral.estimate_stable_rank": lambda w: given(w.matrix, 1e-7),
    "spectral.fit_eigenvalues": lambda w: given(w.eigenvalues, {}),
    "spectral.fit_spectrum": lambda w: given(w.matrix),
    "spectral.gram_error": lambda w: given(40, 2, 900.0),
    "spectral.keep_certain": lambda w: given(w.levels**2, 1e-9),
    "spectral.square_all": lambda w: given(w.levels**2, (40, 30)),
    "spectral.needs_scipy": lambda w: given((2000, 1500)),
    "spectral.norm_by_products": lambda w: given(w.gram, 30),
    "spectral.norms": lambda w: given(w.opened),
    "spectral.open_matrix": lambda w: given(w.matrix),
    "spectral.open_rows": lambda w: given(w.matrix),
    "spectral.summarize_fit": lambda w: given(w.spectrum, (40, 30)),
    "spectral.summarize_spectrum": lambda w: given(w.matrix, mp_fit=True),
    "spectral.trust": lambda w: given(w.eigenvalues, {}),
    "spectral.Sizes": lambda w: given(),
}

SPLITS = {
    "partition": lambda w: given(w.matrix, 1.0, noise="matched"),
    "CompressedMatrix": lambda w: given(**w.fields),
    "streaming.compress_rows": lambda w: given(w.size_writer, "w", w.rows, "std"),
    "streaming.partition_rows": lambda w: given(w.rows, 1.0),
    "streaming.partition_threshold": lambda w: given(
        w.rows, "std", w.sketch_of_rows, keep="abs", noise="paper", support="replaced"
    ),
    "compression.partition.bounds.Bounds": lambda w: given("float32", -5, 5),
    "compression.partition.noise.noise_moments": lambda w: given(
        w.sums, w.sums_of_kept, "matched", "replaced"
    ),
    "compression.partition.plan.find_threshold": lambda w: given(w.options, w.sums, w.reader),
    "compression.partition.plan.plan_split": lambda w: given(
        w.options, "float32", w.sums, w.reader
    ),
    "compression.partition.plan.split_rows": lambda w: given(w.single, w.bounds, w.split_sums),
    "compression.partition.split.count_rows": lambda w: given(w.single, w.bounds),
    "compression.partition.split.fill_rows": lambda w: given(w.single, w.bounds, w.row_counts),
    "compression.partition.split.split_block": lambda w: given(w.single, w.bounds),
    "compression.partition.split.Room": lambda w: given(w.whole, w.p),
    "compression.thresholds.Resolver": lambda w: given("nnz:20", w.sketch_of_rows),
    "compression.thresholds.needs_sketch": lambda w: given("nnz:20"),
    "compression.thresholds.parse_rule": lambda w: given("error:0.5,0.01"),
    "compression.thresholds.resolve": lambda w: given("nnz:20", w.matrix, w.sketch_of_matrix),
    "compression.thresholds.resolver_of": lambda w: given(
        "nnz:20", w.sketch_of_rows, keep="abs", noise="paper", support="replaced"
    ),
    "compression.thresholds.rigorous_budget": lambda w: given(0.1, 0.05),
}

FILES = {
    "open_container": lambda w: given(w.container_file),
    "open_weights": lambda w: given(w.checkpoint),
    "show_config": lambda w: given("dicts"),
    "compression.container.dense_bytes": lambda w: given(w.stored),
    "compression.container.is_container": lambda w: given(w.container_file),
    "compression.container.partial_of": lambda w: given(w.container_file),
    "compression.container.refusal": lambda w: given(".npy", {"a": "bfloat16"}),
    "compression.container.rows_of_a_record": lambda w: given(30),
    "compression.container.write_dense": lambda w: given(w.container, w.output(".safetensors")),
    "compression.container.write_shards": lambda w: given(w.container, w.output("")),
    "compression.container.ContainerWriter": lambda w: given(w.output(".htz")),
    "compression.container.MatrixSink": lambda w: given(w.size_writer, "w", (40, 30), "float32"),
    "compression.container.RecordSizes": lambda w: given(),
    "compression.container.RowEncoder": lambda w: given(30, "float32", print),
    "compression.container.SizeWriter": lambda w: given(),
    "weights.choose": lambda w: given(w.weights, ["w*"]),
    "weights.files_at": lambda w: given(w.checkpoint),
    "weights.files_of": lambda w: given(w.weights),
    "weights.index_keys_of": lambda w: given(w.weights),
    "weights.metadata_of": lambda w: given(w.weights),
    "weights.read_arrays": lambda w: given(w.examples_file),
    "weights.columns.is_column": lambda w: given(w.column_file),
    "weights.columns.open_column": lambda w: given(w.column_file),
    "weights.columns.read_column": lambda w: given(w.column_file),
}

RULE = {"xmin": 1.0}
REPORT = {
    "report.html_report": lambda w: given(w.column_file),
    "report.matrix.Extras": lambda w: given(),
    "report.matrix.as_row": lambda w: given(w.fit),
    "report.matrix.fit_column": lambda w: given(w.column, "positive", w.extras, None, RULE),
    "report.matrix.fit_matrix": lambda w: given(w.weights["w"], "abs"),
    "report.notes.reading_notes": lambda w: given(w.weights, "fitted", "scaled"),
    "report.pictures.picture_folder": lambda w: given(w.output("")),
    "report.pictures.picture_paths": lambda w: given(w.folder, [w.checkpoint], ["w"]),
    "report.spectrum.numbers_of_fit": lambda w: given(w.spectrum, (40, 30)),
    "report.spectrum.spectrum_numbers": lambda w: given(w.matrix),
    "report.stable.cells_of": lambda w: given(w.row),
    "report.stable.flatten": lambda w: given({"alpha": 1.5}),
    "report.stable.stable_notes": lambda w: given([w.row]),
    "report.stable.stable_numbers": lambda w: given(w.signed, 1.5),
    "report.tables.as_csv": lambda w: given([w.row]),
    "report.tables.as_json": lambda w: given("file", "abs", RULE, [w.row], w.weights),
    "report.tables.as_text": lambda w: given([w.row], w.weights),
    "report.tables.describe": lambda w: given(0, w.weights["w"]),
    "report.tables.describe_unread": lambda w: given(0, w.unread),
    "report.tables.finish": lambda w: given(w.row),
    "reproduce.Effort": lambda w: given(),
}

MATRIX_CALLS = {**SPECTRAL, **SPLITS, **FILES, **REPORT}
