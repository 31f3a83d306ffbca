//! The ordinary tests, one file for each thing that they are about. Those that want something which may be missing are
//! in `tests/listed`.

mod architecture;
mod audit;
mod binary_cache;
mod catalogue_cases;
mod catalogue_robust;
mod check_fix;
mod ci_plan;
mod cli;
mod completions;
mod diff;
mod docs;
mod drv;
mod drvs;
mod escapes;
mod eval_cases;
mod eval_cli;
mod eval_fetch;
mod eval_random;
mod examples;
mod exit_codes;
mod explorer;
mod flakes;
mod fuzz_seeds;
mod hostpkgs_builds;
mod machines;
mod messages;
mod overrides_cases;
mod overrides_cli;
mod overrides_corpus;
mod overrides_evaluated;
mod overrides_mutations;
mod overrides_robust;
mod render;
mod reports;
mod sbom;
mod side_by_side;
mod size;
#[path = "../support/mod.rs"]
mod support;
mod team;
mod upstream;
