//! What a server means that does not take an operation.

use wandb_transport::Reply;

/// How the usual servers begin to say that an operation does not fit their schema. Read in gqlgen, graphql-go,
/// graphql-js and those that follow it, async-graphql, graphql-ruby.
const WORDS: &[&str] = &[
    "cannot query field",
    "unknown field",
    "unknown argument",
    "unknown type",
    "undefined field",
    "is not defined",
    "doesn't exist on type",
    "does not exist on type",
    "doesn't accept argument",
    "no such field",
    "has no field",
    "validation failed",
    "validation error",
    "graphql_validation_failed",
];

/// A server's refusal of an operation that it did not run.
pub(crate) struct Refusal {
    /// In lower case.
    messages: Vec<String>,
}

impl Refusal {
    /// The refusal that this reply is. HTTP 400 and 422 are one whatever they say, HTTP 200 only in the words of
    /// validation.
    pub(crate) fn of(reply: &Reply) -> Option<Self> {
        let errors = reply.not_run()?;
        let messages = errors.iter().map(|error| error.message.to_lowercase()).collect();
        let refusal = Self { messages };
        (reply.status != 200 || refusal.is_about_the_schema()).then_some(refusal)
    }

    /// Whether it says that the operation does not fit the schema.
    pub(crate) fn is_about_the_schema(&self) -> bool {
        self.messages.iter().any(|message| is_about_the_schema(message))
    }

    /// Whether it says that the server lacks what documents call `since`: `File.md5`, `Run.files(pattern)`.
    pub(crate) fn names(&self, since: &str) -> bool {
        let last = since.trim_end_matches(')').rsplit(['.', '(']).next();
        let Some(last) = last.map(str::to_lowercase) else {
            return false;
        };
        self.messages.iter().any(|message| {
            // Behind this stand fields that there are.
            let complaint = message.split("did you mean").next().unwrap_or_default();
            let mut words = complaint.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            is_about_the_schema(complaint) && words.any(|word| word == last)
        })
    }
}

fn is_about_the_schema(message: &str) -> bool {
    WORDS.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Refusal {
        let body = format!(
            r#"{{"errors":[{{"message":"{}"}}]}}"#,
            message.replace('"', "\\\"")
        );
        Refusal::of(&Reply::new(400, body)).unwrap()
    }

    #[test]
    fn what_is_lacking_is_read_from_the_words_of_many_servers() {
        for (message, since) in [
            (r#"Cannot query field "md5" on type "File"."#, "File.md5"),
            (r"Cannot query field 'md5' on type 'File'.", "File.md5"),
            (
                r#"Unknown field "directUrl" on type "File". Did you mean "url"?"#,
                "File.directUrl",
            ),
            (
                r#"Unknown argument "pattern" on field "files" of type "Run"."#,
                "Run.files(pattern)",
            ),
            (
                r#"Unknown argument "pattern" on field "Run.files"."#,
                "Run.files(pattern)",
            ),
            (
                "Field 'files' doesn't accept argument 'pattern'",
                "Run.files(pattern)",
            ),
            (
                r#"Field "projectId" is not defined by type DeleteFilesInput."#,
                "DeleteFilesInput.projectId",
            ),
            (
                r#"Argument "input" has invalid value {files: $files, projectId: $projectId}. In field "projectId": Unknown field."#,
                "DeleteFilesInput.projectId",
            ),
            (
                r#"Invalid value for argument "input", unknown field "projectId" of type "DeleteFilesInput""#,
                "DeleteFilesInput.projectId",
            ),
            (
                r#"Cannot query field "createRunFiles" on type "Mutation"."#,
                "Mutation.createRunFiles",
            ),
        ] {
            assert!(refused(message).names(since), "{message}");
            assert!(!refused(message).names("Run.fileCount"), "{message}");
        }
    }

    #[test]
    fn a_suggestion_and_another_error_name_nothing() {
        let suggestion = r#"Cannot query field "md4" on type "File". Did you mean "md5"?"#;
        assert!(!refused(suggestion).names("File.md5"));
        assert!(!refused("the pattern is too long").names("Run.files(pattern)"));
    }

    #[test]
    fn what_ran_or_is_no_complaint_about_the_schema_is_no_refusal() {
        for (status, body) in [
            (200, r#"{"data":{"project":null}}"#),
            (200, r#"{"errors":[{"message":"run not found"}]}"#),
            (
                200,
                r#"{"errors":[{"message":"unknown field","path":["project"]}],"data":null}"#,
            ),
            (
                400,
                r#"{"errors":[{"message":"unknown field"}],"data":{"project":{}}}"#,
            ),
            (500, r#"{"errors":[{"message":"unknown field"}]}"#),
            (400, "<html>bad request</html>"),
        ] {
            assert!(
                Refusal::of(&Reply::new(status, body)).is_none(),
                "{status} {body}"
            );
        }
        for (status, body) in [
            (200, r#"{"errors":[{"message":"Unknown field md5"}],"data":null}"#),
            (422, r#"{"errors":[{"message":"no"}]}"#),
            (400, r#"{"error":"bad request"}"#),
        ] {
            assert!(
                Refusal::of(&Reply::new(status, body)).is_some(),
                "{status} {body}"
            );
        }
    }
}
