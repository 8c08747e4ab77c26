"""The benchmark's table of where a training step's time goes."""

from types import SimpleNamespace

import pytest
import torch
from benchmarks.step_profile import (
    ATTENTION,
    COPIES,
    IDLE,
    LOSS,
    OPTIMIZER,
    PRODUCTS,
    THE_REST,
    kernel_times,
    kind_of_kernel,
    profile_steps,
    summarise,
)
from torch.autograd import DeviceType

from chronolect.training.objectives.cross_entropy import _LinearCrossEntropy


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("nvjet_tst_192x192_64x4_2x1_v_bz_coopB_TNN", PRODUCTS),
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64_warpgroupsize1x1x1_execute", PRODUCTS),
        ("void cublasLt::splitKreduce_kernel<32, 16, int, float, __nv_bfloat16>(...)", PRODUCTS),
        ("triton_tem_fused_mm_3", PRODUCTS),
        ("void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<...>(...)", ATTENTION),
        ("fmha_cutlassF_bf16_aligned_64x64_rf_sm80(...)", ATTENTION),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x128", ATTENTION),
        ("triton_tem_fused_flex_attention_0", ATTENTION),
        (
            "void at::native::(anonymous namespace)::multi_tensor_apply_kernel<..., FusedAdamMathFunctor<...>>",
            OPTIMIZER,
        ),
        ("void at::native::(anonymous namespace)::cunn_SoftMaxForward<4, float, float, float, ...>(...)", LOSS),
        ("void at::native::elementwise_kernel<128, 4, ... at::native::direct_copy_kernel_cuda(...)>", COPIES),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float>, ...>", COPIES),
        ("Memcpy HtoD (Pinned -> Device)", COPIES),
        ("triton_poi_fused__to_copy_t_3", COPIES),
        ("triton_poi_fused__to_copy__unsafe_view_mul_silu_7", THE_REST),
        ("triton_red_fused__to_copy_add_mean_mm_mul_pow_rsqrt_2", THE_REST),
        ("triton_poi_fused__scaled_dot_product_flash_attention_add_cat_mul_1", THE_REST),
        ("void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>, ...>", THE_REST),
    ],
)
def test_kernels_are_told_by_their_names(kernel: str, kind: str) -> None:
    assert kind_of_kernel(kernel) == kind


def test_what_the_loss_launches_counts_as_the_loss() -> None:
    def kernel(name: str, start: float, end: float, annotation: bool = False) -> SimpleNamespace:
        time = SimpleNamespace(elapsed_us=lambda: end - start)
        return SimpleNamespace(name=name, device_type=DeviceType.CUDA, is_user_annotation=annotation, time_range=time)

    loss = SimpleNamespace(name="_LinearCrossEntropy", cpu_parent=None)
    launched = SimpleNamespace(name="nvjet_a", duration=30.0)
    product = SimpleNamespace(name="aten::mm", device_type=DeviceType.CPU, cpu_parent=loss, kernels=[launched])
    events = [
        kernel("nvjet_a", 0, 30), kernel("nvjet_a", 30, 80), kernel("flash_fwd", 80, 90), kernel("Optimizer.step", 0, 500, True), product,
    ]  # fmt: skip
    found = summarise(kernel_times(events), steps=2, seconds=200e-6)
    assert found.kinds[LOSS] == pytest.approx(15e-6)
    assert found.kinds[PRODUCTS] == pytest.approx(25e-6)
    assert found.kinds[ATTENTION] == pytest.approx(5e-6)
    assert found.kinds[IDLE] == pytest.approx(55e-6)
    assert found.longest[0][:2] == ("nvjet_a", PRODUCTS)


def test_the_time_of_a_step_is_summed_by_kind_on_the_cpu() -> None:
    width, vocabulary = 64, 256
    first = torch.randn(width, width, requires_grad=True)
    output = torch.randn(vocabulary, width, requires_grad=True)
    optimizer = torch.optim.AdamW([first, output], fused=True)
    labels = torch.randint(vocabulary, (512,))

    def step() -> None:
        hidden = torch.nn.functional.silu(torch.randn(512, width) @ first)
        _LinearCrossEntropy.apply(hidden, output, labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    found = profile_steps(step, lambda: None, steps=2, device="cpu")
    assert all(found.kinds[kind] > 0 for kind in (PRODUCTS, LOSS, THE_REST, OPTIMIZER))
    assert found.kinds[ATTENTION] == 0
    assert sum(found.kinds.values()) == pytest.approx(found.step)
