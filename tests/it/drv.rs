//! The derivations in `tests/cases/drv`, each named by its own store path as Nix 2.34 wrote it.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pgflakegen::store::derivation::{DrvHash, ModuloError, Recipe};
use pgflakegen::store::{Derivation, DerivationOutput, StoreDir, StorePath, StorePathError};

fn cases() -> BTreeMap<StorePath, Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/drv");
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (StorePath::from_base_name(&name).unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn parse(path: &StorePath, text: &[u8]) -> Derivation {
    let name = path.name().strip_suffix(".drv").unwrap();
    Derivation::from_aterm(text, name, &StoreDir::default()).unwrap()
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Path(#[from] StorePathError),
    #[error(transparent)]
    Modulo(#[from] ModuloError),
}

fn modulo(cases: &BTreeMap<StorePath, Vec<u8>>, path: &StorePath) -> Result<DrvHash, Error> {
    let text = cases.get(path).ok_or_else(|| ModuloError::MissingInput(path.to_string()))?;
    parse(path, text).hash_modulo(&StoreDir::default(), |input| modulo(cases, input))
}

#[test]
fn read_write_and_path() {
    let cases = cases();
    assert!(cases.len() >= 7);
    for (path, text) in &cases {
        let drv = parse(path, text);
        assert_eq!(
            String::from_utf8_lossy(&drv.to_aterm(&StoreDir::default())),
            String::from_utf8_lossy(text)
        );
        assert_eq!(drv.path(&StoreDir::default()).as_ref(), Ok(path));
    }
}

/// `drv` as evaluation hands it over: the paths of its outputs are to be found.
fn recipe(drv: &Derivation) -> Recipe<'_> {
    let unknown = |output: &DerivationOutput| match output {
        DerivationOutput::InputAddressed(_) => DerivationOutput::Deferred,
        output => output.clone(),
    };
    let inputs = drv.input_drvs.iter();
    Recipe {
        name: &drv.name,
        outputs: drv.outputs.iter().map(|(name, output)| (name.as_str(), unknown(output))).collect(),
        inputs: inputs
            .flat_map(|(path, outputs)| outputs.iter().map(|output| (path.base_name(), output.as_str())))
            .collect(),
        sources: drv.input_srcs.iter().map(StorePath::base_name).collect(),
        platform: &drv.platform,
        builder: &drv.builder,
        args: drv.args.iter().map(|arg| &arg[..]).collect(),
        env: drv.env.iter().map(|(name, value)| (&name[..], value[..].into())).collect(),
    }
}

fn leaked(hash: DrvHash) -> &'static DrvHash {
    Box::leak(Box::new(hash))
}

#[test]
fn recipes_are_named_alike() {
    let cases = cases();
    let store = StoreDir::default();
    for (path, text) in &cases {
        let drv = parse(path, text);
        let input = |input| modulo(&cases, &StorePath::from_base_name(input)?).map(leaked);
        let named = recipe(&drv).name(&store, Vec::new(), input).unwrap();
        assert_eq!(String::from_utf8_lossy(&named.text(&store)), String::from_utf8_lossy(text));
        assert_eq!(&named.path, path);
        assert_eq!(named.hash, modulo(&cases, path).unwrap());
    }
}

#[test]
fn output_paths_are_found_again() {
    let cases = cases();
    let store = StoreDir::default();
    for (path, text) in &cases {
        let expected = parse(path, text);
        // What the variables of the outputs said is not to be used.
        let mut blank = expected.clone();
        for output in expected.outputs.keys() {
            if let Some(value) = blank.env.get_mut(output.as_bytes()) {
                value.clear();
            }
        }
        let input = |input| modulo(&cases, &StorePath::from_base_name(input)?).map(leaked);
        let named = recipe(&blank).name(&store, Vec::new(), input).unwrap();
        assert_eq!(parse(path, &named.text(&store)), expected, "{path}");
    }
}

#[test]
fn broken_texts_are_errors() {
    for text in [
        "",
        "Derive(",
        "Derive([])",
        "Derive([],[],[],\"\",\"\",[],[])x",
        // Names of outputs are written without escapes, so such a one could not be written again.
        "Derive([(\"o\\\"t\",\"\",\"\",\"\")],[],[],\"\",\"\",[],[])",
        "Derive([],[],[\"/x\"],\"\",\"\",[],[])",
        "Derive([],[],[],\"\\",
    ] {
        assert!(Derivation::from_aterm(text.as_bytes(), "x", &StoreDir::default()).is_err(), "{text}");
    }
    for text in cases().values() {
        for end in 0..text.len() {
            assert!(Derivation::from_aterm(&text[..end], "x", &StoreDir::default()).is_err());
        }
    }
}
