use serde_json::Value;

/// What is known of a run beside its name. The default is a run that is under way and of which nothing is known.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use wandb_devserver::{DevServer, RunSpec};
///
/// let server = DevServer::start().await?;
/// let run = RunSpec {
///     state: Some("finished".into()),
///     tags: vec!["baseline".into()],
///     config: serde_json::json!({ "lr": 0.1 }),
///     summary: serde_json::json!({ "loss": 0.25 }),
///     created_at: Some(1_714_566_896),
///     ..RunSpec::default()
/// };
/// server.add_run_with("team", "project", "run-1", run).await?;
/// # Ok::<_, wandb_devserver::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunSpec {
    /// The name that people see; the run's own name if nothing is said.
    pub display_name: Option<String>,
    /// `running` (if nothing is said), `finished`, `crashed`, `failed`, `killed`.
    pub state: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// An object of plain values, such as `{"lr": 0.1}`. The server keeps each under a key `value`, as the SDK uploads
    /// them. Null leaves it empty.
    pub config: Value,
    /// An object of the last values of metrics. Null leaves it empty.
    pub summary: Value,
    /// What it was done for, in Markdown.
    pub notes: Option<String>,
    /// The group that it belongs to.
    pub group: Option<String>,
    /// What kind of job it is, such as `train`.
    pub job_type: Option<String>,
    /// The user to whom it belongs; the server's own if nothing is said.
    pub username: Option<String>,
    /// The machine that it ran on.
    pub host: Option<String>,
    /// The name of the sweep that it belongs to.
    pub sweep: Option<String>,
    /// In seconds since 1970; now if nothing is said.
    pub created_at: Option<i64>,
    /// In seconds since 1970; that of the heartbeat if nothing is said.
    pub updated_at: Option<i64>,
    /// In seconds since 1970; that of the creation if nothing is said.
    pub heartbeat_at: Option<i64>,
}

/// What is known of a sweep beside its name. The default is a random search that is under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepSpec {
    /// The name that people see.
    pub display_name: Option<String>,
    /// `random` (if nothing is said), `grid`, `bayes`.
    pub method: Option<String>,
    /// `RUNNING` (if nothing is said), `FINISHED`, `PAUSED`, `CANCELED`.
    pub state: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Its configuration, an object that is sent as YAML. Null leaves it empty.
    pub config: Value,
    /// The best value of its metric.
    pub best_loss: Option<f64>,
    /// How many runs there will be, which only a grid search knows.
    pub expected_runs: Option<i32>,
    /// In seconds since 1970; now if nothing is said.
    pub created_at: Option<i64>,
    /// In seconds since 1970; null if nothing is said.
    pub updated_at: Option<i64>,
}
