//! Where the files of runs go below a root.

use std::fmt;
use std::str::FromStr;

use crate::ChosenRun;

/// How the local path of a file is made of its run and its name: a text with the fields `{entity}`, `{project}`, `{run}`,
/// `{display_name}` and `{name}`.
///
/// The name keeps its folders. The other values are one part of a path each: slashes, backslashes and control characters in
/// them become `_`, dots at the beginning go, and where nothing is left of a display name, the run's id stands for it. That
/// no path leads outside of the root is seen to by [`Root`](wandb_transfer::Root).
///
/// ```
/// use wandb_selection::Template;
///
/// let folders: Template = "{project}/{display_name}/{name}".parse()?;
/// assert_eq!(folders.to_string(), "{project}/{display_name}/{name}");
/// assert!("{project}".parse::<Template>().is_err());
/// # Ok::<(), wandb_selection::TemplateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Entity,
    Project,
    Run,
    DisplayName,
    Name,
}

impl Field {
    const ALL: [Self; 5] = [
        Self::Entity,
        Self::Project,
        Self::Run,
        Self::DisplayName,
        Self::Name,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Project => "project",
            Self::Run => "run",
            Self::DisplayName => "display_name",
            Self::Name => "name",
        }
    }
}

impl Template {
    /// `{name}`: the names as they are, for the files of one run.
    #[must_use]
    pub fn name() -> Self {
        Self(vec![Part::Field(Field::Name)])
    }

    /// `{run}/{name}`: a folder for each run.
    #[must_use]
    pub fn run_and_name() -> Self {
        Self::folder_and_name(Field::Run)
    }

    /// `{display_name}/{name}`: a folder for each run, called as people call it.
    #[must_use]
    pub fn display_name_and_name() -> Self {
        Self::folder_and_name(Field::DisplayName)
    }

    fn folder_and_name(folder: Field) -> Self {
        Self(vec![
            Part::Field(folder),
            Part::Text("/".to_owned()),
            Part::Field(Field::Name),
        ])
    }

    pub(crate) fn needs_display_name(&self) -> bool {
        self.0.contains(&Part::Field(Field::DisplayName))
    }

    /// The path below the root of a run's file of this name.
    #[must_use]
    pub fn path_of(&self, run: &ChosenRun, name: &str) -> String {
        let mut path = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Field(Field::Entity) => path.push_str(&one_part(run.path().entity(), "_")),
                Part::Field(Field::Project) => path.push_str(&one_part(run.path().project(), "_")),
                Part::Field(Field::Run) => path.push_str(&one_part(run.path().run(), "_")),
                Part::Field(Field::DisplayName) => {
                    let id = one_part(run.path().run(), "_");
                    path.push_str(&one_part(run.display_name().unwrap_or_default(), &id));
                }
                Part::Field(Field::Name) => path.push_str(name),
            }
        }
        path
    }
}

/// A value as one part of a path; `otherwise` where nothing is left of it.
fn one_part(value: &str, otherwise: &str) -> String {
    let value = value.trim().trim_start_matches('.').trim_start();
    if value.is_empty() {
        return otherwise.to_owned();
    }
    let odd = |char: char| char.is_control() || matches!(char, '/' | '\\');
    value.replace(odd, "_")
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let error = |why: String| TemplateError {
            text: text.to_owned(),
            why,
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, field) = rest.split_at(place);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some((word, after)) = field.strip_prefix('{').and_then(|field| field.split_once('}')) else {
                return Err(error("a brace in it has no counterpart".to_owned()));
            };
            let known = Field::ALL.into_iter().find(|field| field.word() == word);
            parts.push(Part::Field(
                known.ok_or_else(|| error(format!("there is no field {{{word}}}")))?,
            ));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.contains(&Part::Field(Field::Name)) {
            return Err(error(
                "without {name}, all files of a run would go to one path".to_owned(),
            ));
        }
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err(error("its paths would not be below the root".to_owned()));
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Field(field) => write!(f, "{{{}}}", field.word()),
        })
    }
}

/// A text that is no [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no template for paths: {why}; the fields are {{entity}}, {{project}}, {{run}}, {{display_name}} and {{name}}"
)]
pub struct TemplateError {
    text: String,
    why: String,
}

#[cfg(test)]
mod tests {
    use wandb_files::RunPath;

    use super::*;

    fn path(template: &str, display_name: Option<&str>) -> String {
        let run = ChosenRun::new(RunPath::new("e", "p", "r"), display_name.map(str::to_owned));
        template.parse::<Template>().unwrap().path_of(&run, "a/b.txt")
    }

    #[test]
    fn fields_are_filled_in() {
        assert_eq!(path("{entity}/{project}-{run}/{name}", None), "e/p-r/a/b.txt");
        assert_eq!(
            path("{display_name}/{name}", Some("good run")),
            "good run/a/b.txt"
        );
        assert_eq!(path("{display_name}/{name}.bak", None), "r/a/b.txt.bak");
    }

    #[test]
    fn display_names_are_one_part_of_a_path() {
        for (hostile, tame) in [
            ("../../etc", "_.._etc"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "r"),
            (" . ", "r"),
            ("", "r"),
            (".hidden", "hidden"),
            ("a\\b\nc\0", "a_b_c_"),
            ("..\u{e4}/", "\u{e4}_"),
        ] {
            assert_eq!(
                path("{display_name}/{name}", Some(hostile)),
                format!("{tame}/a/b.txt")
            );
        }
    }

    #[test]
    fn what_is_no_template_is_explained() {
        for (text, why) in [
            ("", "without {name}"),
            ("{run}", "without {name}"),
            ("{id}/{name}", "no field {id}"),
            ("{run/{name}", "no field {run/{name}"),
            ("{name", "counterpart"),
            ("name}", "counterpart"),
            ("/tmp/{name}", "below the root"),
            ("../{name}", "below the root"),
            ("{run}/../{name}", "below the root"),
        ] {
            let error = text.parse::<Template>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
