//! Sums of a selection, by folder, by type and by run.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use wandb_client::{ChosenRun, Found};

use super::By;
use super::kind;
use super::tree::{MAX_DEPTH, Node, Sum, Tree};

/// Files that a page shows one by one, in each of its views. The others are summed.
const FILES_ON_PAGE: usize = 10_000;
/// Folders that a page shows, in each of its views.
const FOLDERS_ON_PAGE: usize = 10_000;

pub(super) struct Usage {
    folders: Tree,
    types: Tree,
    of_runs: Tree,
    /// What people call the runs, by path.
    names: HashMap<Arc<str>, Option<String>>,
    /// The run that the last file was of, and its path.
    last: Option<(Arc<ChosenRun>, Arc<str>)>,
}

/// One row of what is summed up.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) sum: Sum,
}

impl Usage {
    /// With what a page needs, or without.
    pub(super) fn new(page: bool) -> Self {
        let (kept, depth) = if page { (FILES_ON_PAGE, MAX_DEPTH) } else { (0, 1) };
        Self {
            folders: Tree::new(MAX_DEPTH, kept),
            types: Tree::new(depth, kept),
            of_runs: Tree::new(depth, kept),
            names: HashMap::new(),
            last: None,
        }
    }

    pub(super) fn file(&mut self, found: &Found) {
        let run = self.run(&found.run);
        self.add(&run, found.file.name(), found.file.mimetype(), found.file.size());
    }

    /// The path of a run, one for all of its files, which come one after the other.
    fn run(&mut self, run: &Arc<ChosenRun>) -> Arc<str> {
        if let Some((last, path)) = &self.last
            && Arc::ptr_eq(last, run)
        {
            return Arc::clone(path);
        }
        let path: Arc<str> = run.path().to_string().into();
        let name = run.display_name().filter(|name| *name != run.path().run());
        self.names.insert(Arc::clone(&path), name.map(str::to_owned));
        self.last = Some((Arc::clone(run), Arc::clone(&path)));
        path
    }

    fn add(&mut self, run: &Arc<str>, name: &str, mimetype: Option<&str>, bytes: u64) {
        let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
        let kind = kind::of(name, mimetype);
        self.folders.add(folders.split('/'), file, Some(run), bytes);
        let below = |top| std::iter::once(top).chain(folders.split('/'));
        self.types.add(below(&*kind), file, Some(run), bytes);
        self.of_runs.add(below(&**run), file, None, bytes);
    }

    pub(super) fn total(&self) -> Sum {
        self.folders.total()
    }

    pub(super) fn runs(&self) -> u64 {
        self.names.len() as u64
    }

    /// What people call a run.
    pub(super) fn run_name(&self, run: &str) -> Option<&str> {
        self.names.get(run)?.as_deref()
    }

    /// The `top` largest, and what the others come to and how many they are.
    pub(super) fn groups(&self, by: By, depth: usize, top: usize) -> (Vec<Group>, Option<(usize, Sum)>) {
        let groups = match by {
            By::Folder => self.folders.groups(depth),
            By::Type => self.types.groups(1),
            By::Run => self.of_runs.groups(1),
        };
        let mut groups: Vec<Group> = groups
            .into_iter()
            .map(|(name, sum)| Group { name, sum })
            .collect();
        groups.sort_by(|a, b| {
            let largest = |group: &Group| Reverse((group.sum.bytes, group.sum.files));
            largest(a).cmp(&largest(b)).then_with(|| a.name.cmp(&b.name))
        });
        let others = groups.split_off(top.min(groups.len()));
        let sum = others
            .iter()
            .fold(Sum::default(), |sum, group| sum.plus(group.sum));
        let rest = (!others.is_empty()).then_some((others.len(), sum));
        (groups, rest)
    }

    /// What a page shows of a view.
    pub(super) fn view(&self, by: By) -> Node<'_> {
        match by {
            By::Folder => self.folders.largest(FOLDERS_ON_PAGE),
            By::Type => self.types.largest(FOLDERS_ON_PAGE),
            By::Run => self.of_runs.largest(FOLDERS_ON_PAGE),
        }
    }
}

#[cfg(test)]
impl Usage {
    /// With a page, and these files in each of the runs `e/p/r0`, `e/p/r1` and so on.
    pub(super) fn of(runs: usize, files: &[(&str, u64)]) -> Self {
        let mut usage = Self::new(true);
        for number in 0..runs {
            let run: Arc<str> = format!("e/p/r{number}").into();
            let name = Some(format!("name {number}"));
            usage.names.insert(Arc::clone(&run), name);
            for (name, bytes) in files {
                usage.add(&run, name, None, *bytes);
            }
        }
        usage
    }
}
