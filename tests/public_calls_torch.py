"""Calls of the public functions for torch; see public_calls.py."""

from public_calls_given import given

TORCH_CALLS = {
    "torch.complexity_table": lambda w: given(w.model, w.loader, margin=0.1),
    "torch.compress_": lambda w: given(w.model, 0.1),
    "torch.compression_tolerances": lambda w: given(w.model, w.loader, eps=0.3),
    "torch.evaluate": lambda w: given(w.model, w.loader),
    "torch.load_module": lambda w: given(w.module_file),
    "torch.noise_stability": lambda w: given(w.model, w.loader, trials=1),
    "torch.predict": lambda w: given(w.model, w.inputs),
    "torch.replace_linear_": lambda w: given(w.model, 0.1),
    "torch.to_sparse_csr": lambda w: given(w.split),
    "torch.train_compressed": lambda w: given(
        w.features, w.classes, epochs=1, filters=w.filters, image=(3, 4)
    ),
    "torch.weight_matrices": lambda w: given(w.model),
    "torch.GaussianSparseLinear": lambda w: given(w.split),
    "torch.held_out.held_out_part": lambda w: given(100, 3),
    "torch.held_out.predict_state": lambda w: given(w.held_out.state, w.images, 4),
    "torch.held_out.train_held_out": lambda w: given(w.images, w.classes[:24], epochs=1),
    "torch.spectra.fit_spectrum_on": lambda w: given(w.matrix, "cpu"),
    "torch.stability.errors_of": lambda w: given(w.weight_tensor, [w.split]),
    "torch.stability.measure": lambda w: given(
        w.torch_network, w.loader, w.torch_errors, w.jacobian_norms, 0.95
    ),
    "torch.stability.measure_splits": lambda w: given(
        w.model, w.loader, w.jacobian_norms, threshold=0.1, noise="paper", trials=1, seed=0,
        confidence=0.95,
    ),
    "torch.training.fully_connected": lambda w: given([12, 5, 4]),
    "torch.training.train": lambda w: given(w.digits, [5], seed=0, epochs=1, weight_decay=1e-3),
    "torch.trunk.test_pattern": lambda w: given(),
}  # fmt: skip
