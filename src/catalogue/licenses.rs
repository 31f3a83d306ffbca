//! The licenses that a catalogue may name: attribute names of nixpkgs' `lib.licenses`, with SPDX ids.
//!
//! Source: `lib/licenses` of nixpkgs, 2026. Deprecated aliases (`gpl2`, `lgpl21`…) are left out on purpose:
//! they do not say whether later versions count.

/// A license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct License {
    /// The attribute's name in `lib.licenses`.
    pub name: &'static str,
    /// The id at spdx.org, where there is one.
    pub spdx: Option<&'static str>,
    /// Whether nixpkgs counts it as free; if not, building needs `allowUnfree`.
    pub free: bool,
}

/// The license called `name` in nixpkgs.
pub fn find(name: &str) -> Option<&'static License> {
    ALL.iter().find(|license| license.name == name)
}

/// Whether a name is one of nixpkgs or an id of spdx.org, which may be one that nixpkgs has no name for.
pub fn is_named(name: &str) -> bool {
    find(name).is_some()
        || ALL.iter().any(|license| license.spdx.is_some_and(|id| id.eq_ignore_ascii_case(name)))
        || spdx::license_id(name).is_some()
}

/// Whether two names mean the same license, each of nixpkgs or an id of spdx.org.
pub fn same(one: &str, other: &str) -> bool {
    let id = |name: &str| {
        find(name).and_then(|license| license.spdx).map_or_else(|| name.to_lowercase(), str::to_lowercase)
    };
    id(one) == id(other)
}

/// What people call those that spdx.org does not know.
pub fn title(name: &str) -> Option<&'static str> {
    Some(match name {
        "tsl" => "Timescale License",
        "bsl11" => "Business Source License 1.1",
        "unfree" => "no free license",
        "unfreeRedistributable" => "no free license, but may be passed on",
        "publicDomain" => "public domain",
        _ => return None,
    })
}

/// Whether nixpkgs counts the license as free; `None`: no such license.
pub fn is_free(name: &str) -> Option<bool> {
    find(name).map(|license| license.free)
}

/// What was probably meant by a name that nixpkgs does not have: an SPDX id, an old alias, a misspelling.
pub fn suggest(name: &str) -> Option<&'static str> {
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let wanted = plain(name);
    if wanted.is_empty() {
        return None;
    }
    let common = match wanted.as_str() {
        "apache" | "apache2" | "apachelicense20" => Some("asl20"),
        "bsd" | "newbsd" => Some("bsd3"),
        "gpl2" | "gpl20" => Some("gpl2Only"),
        "gpl3" | "gpl30" => Some("gpl3Only"),
        "agpl3" | "agpl30" => Some("agpl3Only"),
        "lgpl2" | "lgpl20" => Some("lgpl2Only"),
        "lgpl21" => Some("lgpl21Only"),
        "lgpl3" | "lgpl30" => Some("lgpl3Only"),
        "proprietary" | "commercial" => Some("unfree"),
        "timescale" => Some("tsl"),
        _ => None,
    };
    common
        .or_else(|| {
            let same = |text: &str| plain(text) == wanted;
            ALL.iter().find(|l| same(l.name) || l.spdx.is_some_and(same)).map(|l| l.name)
        })
        .or_else(|| crate::diag::nearest(name, ALL.iter().map(|license| license.name)))
}

const fn free(name: &'static str, spdx: &'static str) -> License {
    License { name, spdx: if spdx.is_empty() { None } else { Some(spdx) }, free: true }
}

const fn unfree(name: &'static str, spdx: &'static str) -> License {
    License { name, spdx: if spdx.is_empty() { None } else { Some(spdx) }, free: false }
}

/// All, in the order of names.
#[rustfmt::skip]
pub const ALL: &[License] = &[
    free("abstyles", "Abstyles"),
    unfree("acsl14", ""),
    unfree("activision", ""),
    free("adobeDisplayPostScript", "Adobe-Display-PostScript"),
    free("adobeUtopia", "Adobe-Utopia"),
    free("afl20", "AFL-2.0"),
    free("afl21", "AFL-2.1"),
    free("afl3", "AFL-3.0"),
    free("agpl3Only", "AGPL-3.0-only"),
    free("agpl3Plus", "AGPL-3.0-or-later"),
    unfree("aladdin", "Aladdin"),
    unfree("amazonsl", ""),
    unfree("amd", ""),
    free("aml", "AML"),
    free("ampas", "AMPAS"),
    free("aom", ""),
    free("apple-psl10", "APSL-1.0"),
    free("apple-psl20", "APSL-2.0"),
    free("arphicpl", "Arphic-1999"),
    free("artistic1", "Artistic-1.0"),
    free("artistic1-cl8", "Artistic-1.0-cl8"),
    free("artistic2", "Artistic-2.0"),
    free("asl11", "Apache-1.1"),
    free("asl20", "Apache-2.0"),
    free("baekmuk", "Baekmuk"),
    free("beerware", "Beerware"),
    free("bitTorrent10", "BitTorrent-1.0"),
    free("bitTorrent11", "BitTorrent-1.1"),
    free("bitstreamCharter", "Bitstream-Charter"),
    free("bitstreamVera", "Bitstream-Vera"),
    free("blueOak100", "BlueOak-1.0.0"),
    free("boehmGC", "Boehm-GC"),
    free("bola11", "BOLA-1.1"),
    free("boost", "BSL-1.0"),
    free("bsd0", "0BSD"),
    free("bsd1", "BSD-1-Clause"),
    free("bsd2", "BSD-2-Clause"),
    free("bsd2Patent", "BSD-2-Clause-Patent"),
    free("bsd2WithViews", "BSD-2-Clause-Views"),
    free("bsd3", "BSD-3-Clause"),
    free("bsd3ClauseTso", "BSD-3-Clause-Tso"),
    free("bsd3Clear", "BSD-3-Clause-Clear"),
    free("bsd3Lbnl", "BSD-3-Clause-LBNL"),
    free("bsd3Modification", "BSD-3-Clause-Modification"),
    free("bsdAxisNoDisclaimerUnmodified", ""),
    free("bsdOriginal", "BSD-4-Clause"),
    free("bsdOriginalShortened", "BSD-4-Clause-Shortened"),
    free("bsdOriginalUC", "BSD-4-Clause-UC"),
    free("bsdProtection", "BSD-Protection"),
    free("bsdSourceCode", "BSD-Source-Code"),
    unfree("bsl11", "BUSL-1.1"),
    free("buddy", "Buddy"),
    free("bzip2", "bzip2-1.0.6"),
    free("cal10", "CAL-1.0"),
    free("caldera", "Caldera"),
    free("capec", "CAPEC-tou"),
    free("cc-by-10", "CC-BY-1.0"),
    free("cc-by-20", "CC-BY-2.0"),
    free("cc-by-30", "CC-BY-3.0"),
    free("cc-by-40", "CC-BY-4.0"),
    unfree("cc-by-nc-30", "CC-BY-NC-3.0"),
    unfree("cc-by-nc-30-igo", ""),
    unfree("cc-by-nc-40", "CC-BY-NC-4.0"),
    unfree("cc-by-nc-nd-30", "CC-BY-NC-ND-3.0"),
    unfree("cc-by-nc-nd-40", "CC-BY-NC-ND-4.0"),
    unfree("cc-by-nc-sa-20", "CC-BY-NC-SA-2.0"),
    unfree("cc-by-nc-sa-25", "CC-BY-NC-SA-2.5"),
    unfree("cc-by-nc-sa-30", "CC-BY-NC-SA-3.0"),
    unfree("cc-by-nc-sa-40", "CC-BY-NC-SA-4.0"),
    unfree("cc-by-nd-30", "CC-BY-ND-3.0"),
    unfree("cc-by-nd-40", "CC-BY-ND-4.0"),
    free("cc-by-sa-10", "CC-BY-SA-1.0"),
    free("cc-by-sa-20", "CC-BY-SA-2.0"),
    free("cc-by-sa-25", "CC-BY-SA-2.5"),
    free("cc-by-sa-30", "CC-BY-SA-3.0"),
    free("cc-by-sa-40", "CC-BY-SA-4.0"),
    free("cc-sa-10", "CC-SA-1.0"),
    free("cc0", "CC0-1.0"),
    free("cddl", "CDDL-1.0"),
    free("cecill-b", "CECILL-B"),
    free("cecill-c", "CECILL-C"),
    free("cecill20", "CECILL-2.0"),
    free("cecill21", "CECILL-2.1"),
    free("cfitsio", "CFITSIO"),
    free("clArtistic", "ClArtistic"),
    free("classpathException20", "Classpath-exception-2.0"),
    free("cnri-python", "CNRI-Python"),
    unfree("cockroachdb-community-license", ""),
    unfree("commons-clause", ""),
    free("cpal10", "CPAL-1.0"),
    free("cpl10", "CPL-1.0"),
    free("cronyx", "Cronyx"),
    free("curl", "curl"),
    unfree("databricks", ""),
    unfree("databricks-dbx", ""),
    unfree("databricks-license", ""),
    free("dec3Clause", "DEC-3-Clause"),
    free("doc", "DOC"),
    free("docBookDtd", "DocBook-DTD"),
    free("drl10", "DRL-1.0"),
    free("dtoa", "dtoa"),
    unfree("eapl", ""),
    free("ecl20", "ECL-2.0"),
    free("efl10", "EFL-1.0"),
    free("efl20", "EFL-2.0"),
    unfree("elastic20", "Elastic-2.0"),
    unfree("enpl", ""),
    free("epl10", "EPL-1.0"),
    free("epl20", "EPL-2.0"),
    unfree("epson", ""),
    free("eupl11", "EUPL-1.1"),
    free("eupl12", "EUPL-1.2"),
    free("fair", "Fair"),
    unfree("fairsource09", ""),
    free("fdl11Only", "GFDL-1.1-only"),
    free("fdl11Plus", "GFDL-1.1-or-later"),
    free("fdl12Only", "GFDL-1.2-only"),
    free("fdl12Plus", "GFDL-1.2-or-later"),
    free("fdl13Only", "GFDL-1.3-only"),
    free("fdl13Plus", "GFDL-1.3-or-later"),
    unfree("ffsl", ""),
    free("fontException", "Font-exception-2.0"),
    free("fraunhofer-fdk", "FDK-AAC"),
    free("free", ""),
    unfree("fsl11Asl20", "FSL-1.1-ALv2"),
    unfree("fsl11Mit", "FSL-1.1-MIT"),
    free("ftl", "FTL"),
    free("g4sl", ""),
    free("generaluser", ""),
    unfree("geogebra", ""),
    free("gfl", ""),
    free("gfsl", ""),
    free("giftware", "Giftware"),
    free("gnuplot", "gnuplot"),
    free("gpl1Only", "GPL-1.0-only"),
    free("gpl1Plus", "GPL-1.0-or-later"),
    free("gpl2Only", "GPL-2.0-only"),
    free("gpl2Plus", "GPL-2.0-or-later"),
    free("gpl3Only", "GPL-3.0-only"),
    free("gpl3Plus", "GPL-3.0-or-later"),
    unfree("hl3", ""),
    free("hpnd", "HPND"),
    free("hpndDec", "HPND-DEC"),
    free("hpndDifferentDisclaimer", ""),
    free("hpndDoc", "HPND-doc"),
    free("hpndDocSell", "HPND-doc-sell"),
    free("hpndSellVariant", "HPND-sell-variant"),
    free("hpndSellVariantMitDisclaimerXserver", "HPND-sell-MIT-disclaimer-xserver"),
    free("hpndSellVariantSafetyClause", "HPND-sell-variant-critical-systems"),
    free("hpndUc", "HPND-UC"),
    free("hyphenBulgarian", "hyphen-bulgarian"),
    free("iasl", "Intel-ACPI"),
    free("icu", "ICU"),
    free("ijg", "IJG"),
    free("imagemagick", "ImageMagick"),
    free("imlib2", "Imlib2"),
    free("info-zip", "Info-ZIP"),
    unfree("inria-compcert", ""),
    unfree("inria-icesl", ""),
    unfree("inria-zelus", ""),
    unfree("intel-eula", ""),
    free("interbase", "Interbase-1.0"),
    free("ipa", "IPA"),
    free("ipl10", "IPL-1.0"),
    free("isc", "ISC"),
    unfree("issl", ""),
    free("jpl-image", "JPL-image"),
    unfree("json", "JSON"),
    free("knuth", "Knuth-CTAN"),
    free("lal12", "LAL-1.2"),
    free("lal13", "LAL-1.3"),
    unfree("lens", ""),
    free("lgpl21Only", "LGPL-2.1-only"),
    free("lgpl21Plus", "LGPL-2.1-or-later"),
    free("lgpl2Only", "LGPL-2.0-only"),
    free("lgpl2Plus", "LGPL-2.0-or-later"),
    free("lgpl3Only", "LGPL-3.0-only"),
    free("lgpl3Plus", "LGPL-3.0-or-later"),
    free("lgpllr", "LGPLLR"),
    free("libpng", "Libpng"),
    free("libpng2", "libpng-2.0"),
    free("libtiff", "libtiff"),
    free("liliq-p-11", "LiLiQ-P-1.1"),
    free("llgpl21", ""),
    free("llvm-exception", "LLVM-exception"),
    free("lpl-102", "LPL-1.02"),
    free("lppl1", "LPPL-1.0"),
    free("lppl12", "LPPL-1.2"),
    free("lppl13a", "LPPL-1.3a"),
    free("lppl13c", "LPPL-1.3c"),
    free("lsof", "lsof"),
    free("miros", "MirOS"),
    free("mit", "MIT"),
    free("mit-click", "MIT-Click"),
    free("mit-cmu", "MIT-CMU"),
    free("mit-enna", "MIT-enna"),
    free("mit-feh", "MIT-feh"),
    free("mit-modern", "MIT-Modern-Variant"),
    free("mit0", "MIT-0"),
    free("mitAdvertising", "MIT-advertising"),
    free("mitOpenGroup", "MIT-open-group"),
    free("mpich2", "mpich2"),
    free("mpl10", "MPL-1.0"),
    free("mpl11", "MPL-1.1"),
    free("mpl20", "MPL-2.0"),
    free("mplus", "mplus"),
    free("mspl", "MS-PL"),
    free("mulan-psl2", "MulanPSL-2.0"),
    free("naist-2003", "NAIST-2003"),
    unfree("nasa13", "NASA-1.3"),
    unfree("ncbiPd", "NCBI-PD"),
    free("ncsa", "NCSA"),
    unfree("ncul1", "NCUL1"),
    unfree("netboxLimitedUse", ""),
    free("ngpl", "NGPL"),
    free("ngrep", "ngrep"),
    free("nistSoftware", "NIST-Software"),
    free("nlpl", "NLPL"),
    free("nposl3", "NPOSL-3.0"),
    free("ntp", "NTP"),
    unfree("nvidiaCuda", ""),
    unfree("nvidiaCudaRedist", ""),
    unfree("obsidian", ""),
    free("ocamlLgplLinkingException", "OCaml-LGPL-linking-exception"),
    unfree("ocamlpro_nc", ""),
    free("odbl", "ODbL-1.0"),
    free("ofl", "OFL-1.1"),
    free("oml", "OML"),
    free("openldap", "OLDAP-2.8"),
    free("openssl", "OpenSSL"),
    free("opubl", "OPUBL-1.0"),
    free("osl2", "OSL-2.0"),
    free("osl21", "OSL-2.1"),
    free("osl3", "OSL-3.0"),
    free("paratype", "ParaType-Free-Font-1.3"),
    free("parity70", "Parity-7.0.0"),
    free("php301", "PHP-3.01"),
    free("postgresql", "PostgreSQL"),
    unfree("postman", ""),
    unfree("prosperity30", ""),
    free("psfl", "Python-2.0"),
    free("publicDomain", ""),
    free("qhull", "Qhull"),
    free("qpl", "QPL-1.0"),
    free("qwtException", "Qwt-exception-1.0"),
    unfree("reticulum", ""),
    free("ruby", "Ruby"),
    free("sendmail", "Sendmail"),
    unfree("sfl", ""),
    free("sgi-b-20", "SGI-B-2.0"),
    free("sgmlug", "SGMLUG-PM"),
    free("sissl11", "SISSL"),
    free("sleepycat", "Sleepycat"),
    free("smail", "SMAIL-GPL"),
    free("smlnj", "SMLNJ"),
    unfree("sspl", "SSPL-1.0"),
    free("stk", "MIT-STK"),
    free("sudo", ""),
    unfree("sustainableUse", "SUL-1.0"),
    free("tcltk", "TCL"),
    free("tcpWrappers", "TCP-wrappers"),
    unfree("teamspeak", ""),
    free("tekHvcLicense", "TekHVC"),
    free("torque11", "TORQUE-1.1"),
    free("tost", "Pixar"),
    unfree("tsl", ""),
    free("ubdlException", "UBDL-exception"),
    free("ucd", ""),
    free("ufl", "Ubuntu-font-1.0"),
    unfree("unfree", ""),
    unfree("unfreeRedistributable", ""),
    free("unfreeRedistributableFirmware", ""),
    free("unicode-30", "Unicode-3.0"),
    free("unicode-dfs-2015", "Unicode-DFS-2015"),
    free("unicode-dfs-2016", "Unicode-DFS-2016"),
    free("unicodeTOU", "Unicode-TOU"),
    free("universalFOSSException-10", "Universal-FOSS-exception-1.0"),
    free("unlicense", "Unlicense"),
    free("upl", "UPL-1.0"),
    free("vim", "Vim"),
    unfree("virtualbox-puel", ""),
    free("vol-sl", ""),
    free("vsl10", "VSL-1.0"),
    free("w3c", "W3C"),
    free("w3c-19980720", "W3C-19980720"),
    free("wadalab", ""),
    unfree("watcom", "Watcom-1.0"),
    free("wordnet", "WordNet"),
    free("wtfpl", "WTFPL"),
    free("wxWindowsException31", "WxWindows-exception-3.1"),
    free("x11", "X11"),
    free("x11BsdClause", ""),
    free("x11NoPermitPersons", "X11-no-permit-persons"),
    free("xerox", "Xerox"),
    free("xfig", "Xfig"),
    free("xinetd", "xinetd"),
    free("xskat", "XSkat"),
    free("zlib", "Zlib"),
    free("zpl20", "ZPL-2.0"),
    free("zpl21", "ZPL-2.1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_found() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(is_free("postgresql"), Some(true));
        assert_eq!(is_free("tsl"), Some(false));
        assert_eq!(is_free("PostgreSQL"), None);
    }

    #[test]
    fn what_people_write_leads_to_what_nixpkgs_has() {
        for (written, meant) in [
            ("PostgreSQL", "postgresql"),
            ("Apache-2.0", "asl20"),
            ("apache2", "asl20"),
            ("MIT", "mit"),
            ("BSD-3-Clause", "bsd3"),
            ("GPL-2.0-or-later", "gpl2Plus"),
            ("gpl2", "gpl2Only"),
            ("postgres", "postgresql"),
            ("AGPL-3.0-only", "agpl3Only"),
        ] {
            assert_eq!(suggest(written), Some(meant), "{written}");
        }
        assert_eq!(suggest("???"), None);
    }
}
