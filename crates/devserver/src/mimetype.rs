/// What a file holds, as far as its name tells.
pub(crate) fn of(name: &str) -> &'static str {
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("csv") => "text/csv",
        Some("gif") => "image/gif",
        Some("html") => "text/html",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("json") => "application/json",
        Some("mp4") => "video/mp4",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt" | "log") => "text/plain",
        Some("wav") => "audio/x-wav",
        Some("yaml" | "yml") => "application/yaml",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
