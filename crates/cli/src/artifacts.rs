//! `wbf artifacts`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use wandb_client::{
    Api, ArtifactCollectionInfo, ArtifactCollections, ArtifactInfo, ArtifactTypeInfo, ArtifactTypes,
    Artifacts, Place, RunPath, artifact, parse_place,
};

use crate::artifact_rows::{KIND_HEAD, KindRow, VERSION_HEAD, VersionRow};
use crate::failure::Failure;
use crate::listing::Listing;
use crate::pages::PageArgs;

#[derive(Args)]
pub(crate) struct ArtifactsArgs {
    /// A project, ENTITY/PROJECT, or a run
    #[arg(value_name = "PROJECT|RUN")]
    place: String,
    /// Of a project: the collections of this artifact type; of a run: only artifacts of this type
    #[arg(long = "type", value_name = "TYPE")]
    artifact_type: Option<String>,
    /// Of a project: the versions in this collection; of a run: only versions of this collection
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// Of a run: only what it logged
    #[arg(long, conflicts_with = "used")]
    logged: bool,
    /// Of a run: only what it used
    #[arg(long)]
    used: bool,
    #[command(flatten)]
    pages: PageArgs,
}

pub(crate) async fn run(args: ArtifactsArgs) -> Result<ExitCode, Failure> {
    let place = parse_place(&args.place).map_err(wandb_client::Error::from)?;
    match place {
        Place::Project(_) if args.logged || args.used => Err(Failure::Usage(
            "--logged and --used are about a run; write ENTITY/PROJECT/RUN".to_owned(),
        )),
        Place::Project(_) => of_project(&args).await,
        Place::Run(_) => of_run(&args).await,
    }
}

/// Types, collections or versions: the next smaller thing than what is named.
async fn of_project(args: &ArtifactsArgs) -> Result<ExitCode, Failure> {
    let api = Api::from_env()?;
    let [entity, project] = &api.project(&args.place).await?;
    let transport = || Arc::clone(api.transport());
    match (&args.artifact_type, &args.collection) {
        (None, None) => {
            let types = ArtifactTypes::new(entity, project)
                .paginate(transport())
                .per_page(args.pages.size());
            let mut listing = args.pages.listing(KIND_HEAD)?;
            let show =
                |listing: &mut Listing, found: &ArtifactTypeInfo| Ok(listing.show(&KindRow::of_type(found))?);
            let what = format!("the artifact types of {entity}/{project}");
            args.pages.print(&api, &what, types, &mut listing, show).await?;
            listing.end()?;
        }
        (Some(artifact_type), None) => {
            let collections = ArtifactCollections::new(entity, project, artifact_type)
                .paginate(transport())
                .per_page(args.pages.size());
            let mut listing = args.pages.listing(KIND_HEAD)?;
            let show = |listing: &mut Listing, found: &ArtifactCollectionInfo| {
                Ok(listing.show(&KindRow::of_collection(found))?)
            };
            let what = format!("the artifact collections of {entity}/{project}");
            args.pages
                .print(&api, &what, collections, &mut listing, show)
                .await?;
            listing.end()?;
        }
        (artifact_type, Some(collection)) => {
            let artifact_type = match artifact_type {
                Some(artifact_type) => artifact_type.clone(),
                None => type_of(&api, entity, project, collection).await?,
            };
            let versions = Artifacts::new(entity, project, &artifact_type, collection)
                .paginate(transport())
                .per_page(args.pages.size());
            let mut listing = args.pages.listing(VERSION_HEAD)?;
            let show = |listing: &mut Listing, found: &ArtifactInfo| {
                Ok(listing.show(&VersionRow::new(found, None))?)
            };
            let what = format!("the versions of {entity}/{project}/{collection}");
            args.pages
                .print(&api, &what, versions, &mut listing, show)
                .await?;
            listing.end()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The type of a collection, which its versions cannot be listed without: its latest version tells.
async fn type_of(api: &Api, entity: &str, project: &str, collection: &str) -> Result<String, Failure> {
    let latest = artifact(&**api.transport(), entity, project, collection).await;
    let latest = latest.map_err(wandb_client::Error::from)?;
    latest.and_then(|latest| latest.artifact_type).ok_or_else(|| {
        Failure::Error(format!(
            "there is no latest version of an artifact {entity}/{project}/{collection}, or no permission to see it; check \
             the name, or say its --type"
        ))
    })
}

async fn of_run(args: &ArtifactsArgs) -> Result<ExitCode, Failure> {
    let both = !args.logged && !args.used;
    if both && args.pages.after.is_some() {
        return Err(Failure::Usage(
            "a cursor is of one listing: say --logged or --used with --after".to_owned(),
        ));
    }
    let api = Api::from_env()?;
    let run = api.run_unchecked(&args.place).await?;
    let mut listing = args.pages.listing(VERSION_HEAD)?;
    let wanted = |found: &ArtifactInfo| {
        let of_type = args.artifact_type.as_ref();
        let of_collection = args.collection.as_ref();
        of_type.is_none_or(|wanted| found.artifact_type.as_ref() == Some(wanted))
            && of_collection.is_none_or(|wanted| found.collection[2] == *wanted)
    };
    // What is left out here does not fill a page.
    let chosen = args.artifact_type.is_some() || args.collection.is_some();
    let size = if chosen {
        args.pages.per_page
    } else {
        args.pages.size()
    };
    let path: &RunPath = run.path();
    for (relation, listed, items) in [
        ("logged", both || args.logged, run.logged_artifacts()),
        ("used", both || args.used, run.used_artifacts()),
    ] {
        if !listed {
            continue;
        }
        let show = |listing: &mut Listing, found: &ArtifactInfo| {
            if wanted(found) {
                listing.show(&VersionRow::new(found, Some(relation)))?;
            }
            Ok(())
        };
        let what = format!("the artifacts that {path} {relation}");
        let items = items.per_page(size);
        args.pages.print(&api, &what, items, &mut listing, show).await?;
    }
    listing.end()?;
    Ok(ExitCode::SUCCESS)
}
