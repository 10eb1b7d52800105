//! A page of a project's runs, each with the first page of its files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wandb_files::{File, Files, RunPath};
use wandb_paginator::{Collection, Connection, ConvertError, Page, PageRequest};
use wandb_queries::run_files;
use wandb_queries::runs_with_files::{
    ResponseData, RunsWithFilesProjectRunsEdgesNode as Node,
    RunsWithFilesProjectRunsEdgesNodeFilesEdges as FileEdge, Variables,
};

use crate::ChosenRun;

/// The runs of a project, with the first files of each.
pub(crate) struct ProjectRuns {
    /// Which files, and of which project.
    pub(crate) files: Files,
    /// Whether the next page is to have files.
    pub(crate) with_files: Arc<AtomicBool>,
}

/// A run, and its first files where the server listed them.
pub(crate) struct ListedRun {
    pub(crate) run: ChosenRun,
    pub(crate) files: Option<Page<File>>,
    id: Option<String>,
}

impl ProjectRuns {
    fn listed(&self, node: Node) -> Result<ListedRun, ConvertError> {
        let project = self.files.run();
        let name = node
            .name
            .ok_or_else(|| ConvertError::malformed("a run of the answer has no name"))?;
        let path = RunPath::new(project.entity(), project.project(), name);
        let asked = self.with_files.load(Ordering::Relaxed);
        let answer = run_files::ResponseData {
            project: Some(run_files::RunFilesProject {
                run: Some(run_files::RunFilesProjectRun {
                    file_count: node.file_count,
                    files: node.files.map(|files| run_files::RunFilesProjectRunFiles {
                        edges: files.edges.map(|edges| edges.into_iter().map(edge).collect()),
                        page_info: files
                            .page_info
                            .map(|info| run_files::RunFilesProjectRunFilesPageInfo {
                                end_cursor: info.end_cursor,
                                has_next_page: info.has_next_page,
                            }),
                    }),
                }),
            }),
        };
        // What is no page here is asked for by itself, and its error told of that run alone.
        let files = asked.then(|| {
            let files = self.files.clone().of_run(path.clone());
            files.convert_objects(answer).ok()
        });
        Ok(ListedRun {
            run: ChosenRun::new(path, node.display_name),
            files: files.flatten(),
            id: node.id,
        })
    }
}

/// The same file in the types of the listing of one run, which reads it.
fn edge(edge: FileEdge) -> run_files::RunFilesProjectRunFilesEdges {
    run_files::RunFilesProjectRunFilesEdges {
        node: edge.node.map(|node| run_files::RunFilesProjectRunFilesEdgesNode {
            id: node.id,
            name: node.name,
            url: node.url,
            direct_url: node.direct_url,
            size_bytes: node.size_bytes,
            mimetype: node.mimetype,
            updated_at: node.updated_at,
            md5: node.md5,
        }),
        cursor: edge.cursor,
    }
}

impl Collection for ProjectRuns {
    type Query = wandb_queries::RunsWithFiles;
    type Item = ListedRun;

    fn update_variables(&self, variables: &mut Variables, page: PageRequest<'_>) {
        variables.cursor = page.cursor.map(ToString::to_string);
        variables.per_page = page.size.into();
        variables.with_files = self.with_files.load(Ordering::Relaxed);
    }

    fn convert_objects(&self, response: ResponseData) -> Result<Page<ListedRun>, ConvertError> {
        let path = self.files.run();
        let project = response.project.ok_or_else(|| {
            ConvertError::unseen(format_args!("project {}/{}", path.entity(), path.project()))
        })?;
        let Some(runs) = project.runs else {
            return Page::of_null("runs", project.run_count);
        };
        let edges = runs.edges.into_iter().flatten();
        let page_info = runs.page_info.map(|info| (info.end_cursor, info.has_next_page));
        Connection::new(edges.map(|edge| (edge.node, edge.cursor)), page_info)
            .with_total(project.run_count)
            .into_page(|node, _| self.listed(node))
    }

    fn identity<'a>(&self, run: &'a ListedRun) -> Option<&'a str> {
        run.id.as_deref()
    }
}
