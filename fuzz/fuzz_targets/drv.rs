//! Any bytes are a derivation or an error; what is read is written as the same derivation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pgflakegen::store::{Derivation, StoreDir};

fuzz_target!(|data: &[u8]| {
    let store = StoreDir::default();
    if let Ok(drv) = Derivation::from_aterm(data, "x", &store) {
        let text = drv.to_aterm(&store);
        assert_eq!(Derivation::from_aterm(&text, "x", &store).as_ref(), Ok(&drv));
        let _ = drv.path(&store);
    }
});
