//! A transport that knows what its server takes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use wandb_queries::{ServerFlags, Variants, server_features, server_flags};
use wandb_transport::{Operation, Reply, Transport, TransportError, TransportErrorKind, execute};

use crate::ServerFeatures;
use crate::refusal::Refusal;

/// A transport round a transport, which sends each operation in the newest form that the server takes.
///
/// It assumes the newest server and asks for nothing beforehand. Where the server refuses an operation because it does not
/// fit its schema, the schema is asked for, once, and the operation is sent again without what the server lacks; later
/// operations go out in the right form at once. A server that does not show its schema is taken by its word: what its
/// refusals name is left out. One that does not say what it minds gets the leanest form, once. Where nothing helps, the
/// first refusal is the answer.
///
/// A refused operation was not carried out, so that sending a mutation again is sound. Cheap to clone: clones share what is
/// known.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    /// Only ever loses features.
    known: Mutex<ServerFeatures>,
    /// Whether the introspection said anything.
    asked: OnceCell<bool>,
    flags: OnceCell<Option<BTreeMap<String, bool>>>,
}

impl Server {
    /// The server behind `transport`. Sends nothing.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(Arc::new(Inner {
            transport,
            known: Mutex::new(ServerFeatures::default()),
            asked: OnceCell::new(),
            flags: OnceCell::new(),
        }))
    }

    /// What the server can do as far as it has turned out. Sends nothing.
    #[must_use]
    pub fn known(&self) -> ServerFeatures {
        self.0
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What the server can do, by its schema: one request in the life of this `Server` and its clones. Where the schema
    /// may not be asked for, `introspection` is `false` and the rest is [`known`](Self::known).
    ///
    /// # Errors
    /// Where the server cannot be asked at all: network, credential, rate limit. The next call asks again.
    pub async fn features(&self) -> Result<ServerFeatures, TransportError> {
        self.ask().await?;
        Ok(self.known())
    }

    /// Whether the server says that its feature `name` is on (`serverInfo.features`); `None` where it lists no features.
    /// One request in the life of this `Server` and its clones, when a flag is first asked for.
    ///
    /// # Errors
    /// Where the server cannot be asked. The next call asks again.
    pub async fn flag(&self, name: &str) -> Result<Option<bool>, TransportError> {
        let flags = self.0.flags.get_or_try_init(|| self.ask_flags()).await?;
        Ok(flags
            .as_ref()
            .map(|flags| flags.get(name).copied().unwrap_or(false)))
    }

    async fn ask_flags(&self) -> Result<Option<BTreeMap<String, bool>>, TransportError> {
        if !self.known().server_flags {
            return Ok(None);
        }
        let answer = match execute::<ServerFlags>(self, server_flags::Variables).await {
            Ok(answer) => answer,
            Err(error) => {
                let known = self.known();
                let refused = matches!(error.kind(), TransportErrorKind::GraphQl(_));
                return if refused && !(known.server_flags && known.introspection) {
                    Ok(None)
                } else {
                    Err(error)
                };
            }
        };
        let listed = answer.server_info.and_then(|info| info.features);
        Ok(listed.map(|flags| {
            let flags = flags.into_iter().flatten();
            flags
                .filter_map(|flag| Some((flag.name?, flag.is_enabled?)))
                .collect()
        }))
    }

    /// Asks for the schema unless that was done; whether it says anything.
    async fn ask(&self) -> Result<bool, TransportError> {
        let asked = self.0.asked.get_or_try_init(|| async {
            let answer =
                execute::<wandb_queries::ServerFeatures>(&*self.0.transport, server_features::Variables);
            match answer.await {
                Ok(schema) => Ok(self.change(|known| {
                    let says_anything = known.learn(schema);
                    known.introspection = says_anything;
                    says_anything
                })),
                Err(error) if is_refused(&error) => {
                    tracing::info!("the server does not show its schema: {error}");
                    self.change(|known| known.introspection = false);
                    Ok(false)
                }
                Err(error) => Err(error),
            }
        });
        asked.await.copied()
    }

    fn change<T>(&self, change: impl FnOnce(&mut ServerFeatures) -> T) -> T {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut known)
    }

    fn lose(&self, since: &str) {
        tracing::info!("the server has no {since}");
        self.change(|known| known.lose(since));
    }
}

/// Whether the server will not answer this, now or later.
fn is_refused(error: &TransportError) -> bool {
    matches!(
        error.kind(),
        TransportErrorKind::GraphQl(_)
            | TransportErrorKind::BadAnswer { .. }
            | TransportErrorKind::Permission
            | TransportErrorKind::NotFound
    )
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, operation: Operation) -> Result<Reply, TransportError> {
        let transport = &self.0.transport;
        let Some(forms) = Forms::of(&operation) else {
            return transport.send(operation).await;
        };
        let mut form = forms.newest(&self.known())?;
        let first = transport.send(form.clone()).await?;
        let Some(mut refusal) = Refusal::of(&first) else {
            return Ok(first);
        };
        // Every round leaves out more than the one before, so there are not many.
        loop {
            let asked = self.ask().await;
            let mut next = forms.newest(&self.known())?;
            if next.document() == form.document() {
                for since in forms.all().filter(|since| refusal.names(since)) {
                    self.lose(since);
                }
                next = forms.newest(&self.known())?;
            }
            if next.document() == form.document() {
                let names_something = forms.all().any(|since| refusal.names(since));
                return if matches!(asked, Ok(false)) && !names_something {
                    self.send_leanest(&forms, &form, first, &refusal).await
                } else {
                    Ok(first)
                };
            }
            let reply = transport.send(next.clone()).await?;
            match Refusal::of(&reply) {
                Some(again) => (form, refusal) = (next, again),
                None => return Ok(reply),
            }
        }
    }
}

impl Server {
    /// For a server that says neither what its schema is nor what it minds about `form`.
    async fn send_leanest(
        &self,
        forms: &Forms<'_>,
        form: &Operation,
        first: Reply,
        refusal: &Refusal,
    ) -> Result<Reply, TransportError> {
        if refusal.is_about_the_schema() {
            for since in forms.variants.requires() {
                self.lose(since);
            }
        }
        let leanest = forms.without(|_| true)?;
        if leanest.document() == form.document() {
            return Ok(first);
        }
        let reply = self.0.transport.send(leanest).await?;
        if Refusal::of(&reply).is_some() {
            return Ok(first);
        }
        tracing::warn!(
            "{} refused {} without saying why; it is asked in the leanest form from here on",
            first.from,
            form.name()
        );
        for part in forms.variants.optional() {
            self.lose(part.since);
        }
        Ok(reply)
    }
}

/// Leaves parts out of an operation, whatever the server takes: those that its document marks with these names.
///
/// # Errors
/// Where the operation's variables cannot be read.
///
/// ```
/// use wandb_features::leave_out;
/// use wandb_queries::{DeleteFiles, delete_files};
/// use wandb_transport::Operation;
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let variables = delete_files::Variables { files: vec!["RmlsZToxODMw".to_owned()], project_id: None };
/// let operation = Operation::new::<DeleteFiles>(variables)?;
/// let operation = leave_out(&operation, &["DeleteFilesInput.projectId"])?;
/// assert!(!operation.document().contains("projectId"));
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
pub fn leave_out(operation: &Operation, parts: &[&str]) -> Result<Operation, TransportError> {
    match Forms::of(operation) {
        Some(forms) => forms.without(|since| parts.contains(&since)),
        None => Ok(operation.clone()),
    }
}

/// The forms of one operation that is to be sent.
struct Forms<'a> {
    operation: &'a Operation,
    variants: &'static Variants,
    /// What the operation does without already.
    left_out: Vec<&'static str>,
}

impl<'a> Forms<'a> {
    /// `None` where there is but one, or the text is not from `schema/queries`.
    fn of(operation: &'a Operation) -> Option<Self> {
        let variants = Variants::of(operation.name())?;
        Some(Self {
            operation,
            variants,
            left_out: variants.left_out(operation.document())?,
        })
    }

    /// Everything that the operation would have of the server.
    fn all(&self) -> impl Iterator<Item = &'static str> {
        let optional = self.variants.optional().iter().map(|part| part.since);
        optional.chain(self.variants.requires().iter().copied())
    }

    /// The newest form that a server with these features takes.
    fn newest(&self, features: &ServerFeatures) -> Result<Operation, TransportError> {
        self.without(|since| !features.has(since))
    }

    fn without(&self, lacking: impl Fn(&str) -> bool) -> Result<Operation, TransportError> {
        let form = self
            .variants
            .without(|since| lacking(since) || self.left_out.contains(&since));
        if form.document == self.operation.document() {
            return Ok(self.operation.clone());
        }
        self.operation
            .with_document(form.document, |name| !form.undeclared.contains(&name))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("known", &self.known())
            .finish_non_exhaustive()
    }
}
