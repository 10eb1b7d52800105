//! What a file on disk is called in the run, for every way of giving its path and the root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::suite::{Sdk, Suite};
use crate::error::{Context, Result};
use crate::look;

/// The runs that one SDK and wbf name files in.
pub(super) fn runs(version: &str) -> [String; 2] {
    ["sdk", "wbf"].map(|who| format!("conformance/naming/{who}-{version}"))
}

/// A path and a root as both sides are given them; `{here}` is the absolute path of where they run.
struct Case {
    path: &'static str,
    root: &'static str,
    /// The kind of difference by which wbf refuses what the SDK uploads.
    refused: Option<&'static str>,
}

/// Each of these is a file of its own, so that it is known again by the last part of its name.
const CASES: &[Case] = &[
    Case::equal("0.txt", "."),
    Case::equal("./1.txt", "."),
    Case::equal("sub/2.txt", "."),
    Case::equal("sub/3.txt", "sub"),
    Case::equal("sub/deep/../4.txt", "."),
    Case::equal("sub//deep/5.txt", "./sub/"),
    Case::equal("sub/6.txt", "sub/deep/.."),
    Case::equal("{here}/sub/7.txt", "."),
    Case::equal("{here}/sub/8.txt", "{here}"),
    Case::equal("sub/9.txt", "{here}/sub"),
    Case::equal("../beside/10.txt", ".."),
    Case::outside("../beside/11.txt", "."),
    Case::outside("sub/12.txt", "sub/deep"),
    Case::outside("{here}/13.txt", "{here}/sub"),
];

impl Case {
    const fn equal(path: &'static str, root: &'static str) -> Self {
        Self {
            path,
            root,
            refused: None,
        }
    }

    const fn outside(path: &'static str, root: &'static str) -> Self {
        Self {
            refused: Some("outside-of-root"),
            ..Self::equal(path, root)
        }
    }

    fn filled(&self, here: &Path) -> [String; 2] {
        [self.path, self.root].map(|text| text.replace("{here}", &here.to_string_lossy()))
    }
}

impl Suite<'_> {
    /// Both sides upload the same paths below the same roots, each into a run of its own.
    pub(super) fn naming(&mut self, sdk: &Sdk, scratch: &Path) -> Result<()> {
        let here = scratch.join("naming");
        let make =
            |folder: &Path| fs::create_dir_all(folder).or_fail(|| format!("make {}", folder.display()));
        make(&here.join("sub").join("deep"))?;
        make(&scratch.join("beside"))?;
        let [theirs, ours] = runs(sdk.version);
        let mut uploads = Vec::new();
        for case in CASES {
            let [path, root] = case.filled(&here);
            let file = here.join(&path);
            fs::write(&file, case.path).or_fail(|| format!("write {}", file.display()))?;
            uploads.push(json!([path, root]));
        }
        let list = Value::from(uploads).to_string();
        self.sdk(sdk, "put-paths", &theirs).arg(list).dir(&here).run()?;
        let sdk_names = look::files(self.server, &theirs)?;
        for case in CASES {
            let [path, root] = case.filled(&here);
            let put = self
                .wbf(["put", &ours, &path, "--root", &root])
                .dir(&here)
                .output()?;
            let own_names = look::files(self.server, &ours)?;
            let find = |names: &BTreeMap<String, look::Remote>| {
                let last = path.rsplit('/').next().unwrap_or_default();
                let found = names.keys().find(|name| name.rsplit('/').next() == Some(last));
                found.cloned()
            };
            let (theirs, ours) = (find(&sdk_names), find(&own_names));
            let what = format!("name of {} below {}", case.path, case.root);
            match case.refused {
                Some(why) if ours.is_none() && put.code == Some(1) => self.of_kind(why, &what),
                _ if theirs.is_some() && theirs == ours => self.report(&what, &[]),
                _ => {
                    let said = put.stderr.lines().last().unwrap_or_default();
                    self.report(&what, &[format!("the SDK: {theirs:?}, wbf: {ours:?}: {said}")]);
                }
            }
        }
        Ok(())
    }
}
