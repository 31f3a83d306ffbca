//! The NixOS module and the image of a machine, evaluated over tests/hostpkgs, whose nixos/ has the options that they set;
//! `listed` has a real Nix evaluate the same. What the module does on a machine: `cargo xtask machine-image`.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::program::{run, stderr};

fn evaluated() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("tests/cases/machine/evaluated.nix");
    let expression = format!("import {}", file.display());
    let output = run(root, &["eval", "--impure", "--strict", "--json", "-E", &expression]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_machine_is_what_the_catalogue_says() {
    let all = evaluated();
    assert_eq!(all["off"], json!({ "enable": false, "units": [] }));

    let plain = &all["plain"];
    assert_eq!(plain["enable"], true);
    assert_eq!(plain["isBin"], true, "psql_15/bin as it is");
    assert_eq!(plain["preload"], true);
    assert_eq!((&plain["wal_level"], &plain["max_worker_processes"]), (&json!("logical"), &json!(32)));
    assert_eq!(plain["dataDir"], "/var/lib/postgresql/15");
    assert_eq!(plain["units"], json!(["postgresql"]));
    assert_eq!(plain["journal"], "SystemMaxUse=500M\n");
    assert_eq!(plain["failed"], json!([]));

    let full = &all["full"];
    assert_eq!((&full["isBin"], &full["dataDir"]), (&json!(true), &json!("/var/lib/postgresql/17")));
    let units = full["units"].as_object().expect("units");
    let names: Vec<&str> = units.keys().map(String::as_str).collect();
    let (backup, password) = ("pgflakegen-backup", "pgflakegen-password");
    assert_eq!(names, [backup, password, "pgflakegen-upgrade", "pgflakegen-volume", "postgresql"]);
    // A failed upgrade, or a volume that is not there, keeps the server from making an empty cluster.
    assert_eq!(units["pgflakegen-upgrade"]["requires"], json!(["pgflakegen-volume.service"]));
    for unit in ["pgflakegen-upgrade", "pgflakegen-volume"] {
        assert_eq!(units[unit]["requiredBy"], json!(["postgresql.service"]), "{unit}");
    }
    assert_eq!((&full["archives"], &full["timers"]), (&json!(true), &json!([backup])));
    assert_eq!((&full["file"], &full["failed"]), (&json!("/etc/wal-g.env"), &json!([])));

    let said = &all["said"];
    assert_eq!((&said["wal_level"], &said["isTheirs"]), (&json!("replica"), &json!(true)));
    assert_eq!(said["shared_preload_libraries"], json!(["auto_explain"]));

    let package = &all["asPackage"];
    assert_eq!((&package["psqlSchema"], &package["withoutJit"]), (&json!("15"), &json!(true)));
    assert_eq!(package["more"].as_u64(), package["less"].as_u64().map(|count| count + 1));
}

#[test]
fn an_image_boots_by_uefi_and_lets_nobody_in_by_a_password() {
    let all = evaluated();
    for (system, loader, console) in
        [("x86_64-linux", "BOOTX64.EFI", "ttyS0"), ("aarch64-linux", "BOOTAA64.EFI", "ttyAMA0")]
    {
        let image = &all["images"][system];
        let boot = image["boot"].to_string();
        assert!(boot.contains(&format!("/EFI/BOOT/{loader}")) && boot.contains("/EFI/Linux/"), "{boot}");
        assert_eq!(image["kernelParams"], json!([format!("console={console},115200n8")]));
        assert_eq!((&image["grows"], &image["builds"]), (&json!([true, "root"]), &json!(true)));
        assert_eq!(image["passwords"]["PasswordAuthentication"], false);
        assert_eq!(image["passwords"]["KbdInteractiveAuthentication"], false);
        assert_eq!(image["cloud"]["ssh_pwauth"], false);
        assert_eq!((&image["ports"], &image["enableTCPIP"]), (&json!([22, 5432]), &json!(true)));
        assert!(image["authentication"].as_str().is_some_and(|text| !text.contains("trust")));
        assert_eq!(image["device"], "auto");
    }
}

#[test]
fn what_cannot_be_is_said() {
    let all = evaluated();
    assert!(all["backwards"].to_string().contains("not older than 15"), "{}", all["backwards"]);
    assert!(all["elsewhere"].to_string().contains("not on the data volume"), "{}", all["elsewhere"]);
    let mistakes = json!({ "label": true, "mode": true, "name": true, "nothing": false, "unknown": true });
    assert_eq!(all["mistakes"], mistakes);
}

#[test]
fn a_table_makes_machines_and_their_release() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert!(run(dir.path(), &["init"]).status.success());
    let workflow = dir.path().join(".github/workflows/catalogue.yml");
    std::fs::remove_file(workflow).expect("its workflow");
    let file = dir.path().join("catalogue/flake.toml");
    let plain = std::fs::read_to_string(&file).expect("a file");
    let flake = |table: &str| {
        std::fs::write(&file, format!("{plain}{table}")).expect("a writable directory");
        let output = run(dir.path(), &["generate"]);
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::read_to_string(dir.path().join("flake.nix")).expect("the flake")
    };
    assert!(!flake("").contains("nixosConfigurations"), "nobody has asked for machines");
    let ci = "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\n";
    // Without regions there are images, and no AMIs.
    assert!(flake(&format!("{ci}\n[machine]\n")).contains("nixosConfigurations"));
    let release =
        || std::fs::read_to_string(dir.path().join(".github/workflows/release.yml")).expect("it is there");
    assert!(!release().contains("ami.sh"));
    let machine = "\n[machine]\nregions = [\"eu-central-1\", \"us-east-1\"]\nkeep = 30\nshare = [\"123456789012\"]\n\
                   role = \"arn:aws:iam::123456789012:role/images\"\n";
    flake(&format!("{ci}{machine}"));
    let release = release();
    for text in [
        "role-to-assume: \"arn:aws:iam::123456789012:role/images\"",
        "REGIONS: \"eu-central-1 us-east-1\"",
        "KEEP: \"30\"",
        "architecture: arm64",
        "architecture: x86_64",
        "bash generated/ci/ami.sh",
    ] {
        assert!(release.contains(text), "no {text} in\n{release}");
    }
}
