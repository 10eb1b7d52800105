//! Sums by folder, and the largest files.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet};
use std::sync::Arc;

/// Folders more than this count to the folder above them, so that memory is bounded whatever a listing holds.
const MAX_FOLDERS: usize = 100_000;
/// So are folders that are deeper than this.
pub(super) const MAX_DEPTH: usize = 32;

/// How much, of how many files.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    pub(super) files: u64,
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.files += 1;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files + other.files,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            files: self.files.saturating_sub(other.files),
        }
    }
}

/// Folders below folders, each with the sum of all that is in it. Of single files only the largest of all are kept, as many as
/// it was made for.
pub(super) struct Tree {
    /// The first is the root.
    folders: Vec<Folder>,
    files: Vec<File>,
    kept: usize,
    depth: usize,
}

#[derive(Default)]
struct Folder {
    sum: Sum,
    children: BTreeMap<Box<str>, usize>,
}

struct File {
    folder: usize,
    bytes: u64,
    name: Box<str>,
    run: Option<Arc<str>>,
}

/// A file or folder with what of it is worth showing, the largest first. What it has beyond them is the rest of its sum.
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) sum: Sum,
    pub(super) run: Option<&'a str>,
    /// `None` for a file.
    pub(super) children: Option<Vec<Node<'a>>>,
}

impl Tree {
    /// Tells `depth` levels of folders apart, and keeps the `kept` largest files.
    pub(super) fn new(depth: usize, kept: usize) -> Self {
        Self {
            folders: vec![Folder::default()],
            files: Vec::new(),
            kept,
            depth: depth.min(MAX_DEPTH),
        }
    }

    /// Adds a file. `run` is told with it where it is shown.
    pub(super) fn add<'a>(
        &mut self,
        path: impl IntoIterator<Item = &'a str>,
        name: &str,
        run: Option<&Arc<str>>,
        bytes: u64,
    ) {
        let folder = self.walk(path, |sum| sum.add(bytes));
        if self.kept == 0 {
            return;
        }
        self.files.push(File {
            folder,
            bytes,
            name: name.into(),
            run: run.map(Arc::clone),
        });
        if self.files.len() >= self.kept * 2 {
            self.drop_small();
        }
    }

    /// Goes down `path`, and tells the sum of each folder on it.
    fn walk<'a>(&mut self, path: impl IntoIterator<Item = &'a str>, mut on: impl FnMut(&mut Sum)) -> usize {
        let mut at = 0;
        on(&mut self.folders[at].sum);
        for part in path.into_iter().filter(|part| !part.is_empty()).take(self.depth) {
            let next = self.folders.len();
            at = match self.folders[at].children.get(part) {
                Some(&child) => child,
                None if next >= MAX_FOLDERS => return at,
                None => {
                    self.folders[at].children.insert(part.into(), next);
                    self.folders.push(Folder::default());
                    next
                }
            };
            on(&mut self.folders[at].sum);
        }
        at
    }

    fn drop_small(&mut self) {
        if self.files.len() > self.kept {
            self.files
                .select_nth_unstable_by_key(self.kept, |file| Reverse(file.bytes));
            self.files.truncate(self.kept);
        }
    }

    pub(super) fn total(&self) -> Sum {
        self.folders[0].sum
    }

    /// Every folder of `depth` levels with all that is in it, and every one above with the files that lie in it alone, so that
    /// each file counts once. The path of the root is empty.
    pub(super) fn groups(&self, depth: usize) -> Vec<(String, Sum)> {
        let mut groups = Vec::new();
        let mut open = vec![(0, 0, String::new())];
        while let Some((at, level, path)) = open.pop() {
            let folder = &self.folders[at];
            if level == depth || folder.children.is_empty() {
                if level > 0 || folder.sum.files > 0 {
                    groups.push((path, folder.sum));
                }
                continue;
            }
            let mut below = Sum::default();
            for (name, &child) in &folder.children {
                below = below.plus(self.folders[child].sum);
                let path = if path.is_empty() {
                    name.to_string()
                } else {
                    format!("{path}/{name}")
                };
                open.push((child, level + 1, path));
            }
            let own = folder.sum.minus(below);
            if own.files > 0 {
                groups.push((path, own));
            }
        }
        groups
    }

    /// What is worth showing: the `folders` largest folders, and the largest files in them.
    pub(super) fn largest(&self, folders: usize) -> Node<'_> {
        let mut open = BinaryHeap::from([(self.folders[0].sum.bytes, 0)]);
        let mut shown = HashSet::new();
        while shown.len() < folders
            && let Some((_, at)) = open.pop()
        {
            shown.insert(at);
            let children = self.folders[at].children.values();
            open.extend(children.map(|&child| (self.folders[child].sum.bytes, child)));
        }
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        let mut of_folder: BTreeMap<usize, Vec<Node<'_>>> = BTreeMap::new();
        for file in files.into_iter().take(self.kept) {
            of_folder.entry(file.folder).or_default().push(Node {
                name: &file.name,
                sum: Sum {
                    bytes: file.bytes,
                    files: 1,
                },
                run: file.run.as_deref(),
                children: None,
            });
        }
        self.node("", 0, &shown, &mut of_folder)
    }

    /// As deep as folders are, which is bounded.
    fn node<'a>(
        &'a self,
        name: &'a str,
        at: usize,
        shown: &HashSet<usize>,
        files: &mut BTreeMap<usize, Vec<Node<'a>>>,
    ) -> Node<'a> {
        let folder = &self.folders[at];
        let mut children = files.remove(&at).unwrap_or_default();
        for (name, child) in &folder.children {
            if shown.contains(child) {
                children.push(self.node(name, *child, shown, files));
            }
        }
        children.sort_by_key(|child| Reverse(child.sum.bytes));
        Node {
            name,
            sum: folder.sum,
            run: None,
            children: Some(children),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(tree: &mut Tree, path: &str, bytes: u64) {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        tree.add(folders.split('/'), name, None, bytes);
    }

    fn tree(files: &[(&str, u64)], kept: usize) -> Tree {
        let mut tree = Tree::new(MAX_DEPTH, kept);
        for (path, bytes) in files {
            add(&mut tree, path, *bytes);
        }
        tree
    }

    /// Groups in order, as text.
    fn groups(tree: &Tree, depth: usize) -> Vec<String> {
        let mut groups: Vec<String> = tree
            .groups(depth)
            .into_iter()
            .map(|(path, sum)| format!("{path}: {} {}", sum.bytes, sum.files))
            .collect();
        groups.sort();
        groups
    }

    #[test]
    fn each_file_counts_to_one_group() {
        let tree = tree(
            &[
                ("a", 1),
                ("m/b", 2),
                ("m/i/c", 4),
                ("m/i/k/d", 8),
                ("n//e", 16),
                ("/o", 32),
            ],
            0,
        );
        assert_eq!(groups(&tree, 0), [": 63 6"]);
        assert_eq!(groups(&tree, 1), [": 33 2", "m: 14 3", "n: 16 1"]);
        assert_eq!(groups(&tree, 2), [": 33 2", "m/i: 12 2", "m: 2 1", "n: 16 1"]);
        assert_eq!(
            groups(&tree, 9),
            [": 33 2", "m/i/k: 8 1", "m/i: 4 1", "m: 2 1", "n: 16 1"]
        );
        assert_eq!(tree.total(), Sum { bytes: 63, files: 6 });
    }

    #[test]
    fn an_empty_tree_has_no_groups() {
        assert!(tree(&[], 0).groups(3).is_empty());
    }

    #[test]
    fn the_largest_files_are_kept_and_the_others_summed() {
        let mut tree = Tree::new(MAX_DEPTH, 3);
        for size in 0..1000 {
            add(&mut tree, &format!("f{}/x{size}", size % 2), size);
        }
        let root = tree.largest(10);
        assert_eq!(
            root.sum,
            Sum {
                bytes: 499_500,
                files: 1000
            }
        );
        let children = root.children.unwrap();
        let names: Vec<(&str, Vec<&str>)> = children
            .iter()
            .map(|child| {
                let files = child.children.iter().flatten();
                (child.name, files.map(|file| file.name).collect())
            })
            .collect();
        assert_eq!(names, [("f1", vec!["x999", "x997"]), ("f0", vec!["x998"])]);
        assert!(tree.files.len() < 6);
    }

    #[test]
    fn the_largest_folders_are_shown() {
        let tree = tree(&[("a/x", 1), ("b/x", 5), ("b/c/x", 3), ("d/x", 7)], 100);
        let root = tree.largest(3);
        let names: Vec<&str> = root.children.iter().flatten().map(|child| child.name).collect();
        assert_eq!((root.sum.files, names), (4, vec!["b", "d"]));
    }

    #[test]
    fn folders_without_end_are_bounded() {
        let mut tree = Tree::new(MAX_DEPTH, 10);
        for number in 0..MAX_FOLDERS + 50 {
            add(&mut tree, &format!("{number}/file"), 1);
        }
        add(&mut tree, &"x/".repeat(5000), 1);
        assert_eq!(tree.folders.len(), MAX_FOLDERS);
        assert_eq!(tree.total().files, MAX_FOLDERS as u64 + 51);
        let sum: u64 = tree.groups(1).iter().map(|(_, sum)| sum.files).sum();
        assert_eq!(sum, MAX_FOLDERS as u64 + 51);

        let mut deep = Tree::new(MAX_DEPTH, 10);
        add(&mut deep, &"x/".repeat(100_000), 1);
        assert_eq!(deep.folders.len(), MAX_DEPTH + 1);
    }
}
