//! The files of a small training run, as the SDK would have left them.

use serde_json::json;

use crate::sample::{Sample, noise};

const EPOCHS: u64 = 8;

/// Some sixty files, some eighty megabytes.
pub(super) fn all() -> Vec<Sample> {
    let mut files = vec![
        Sample::new("config.yaml", CONFIG),
        Sample::new("wandb-metadata.json", metadata()),
        Sample::new("wandb-summary.json", summary()),
        Sample::new("requirements.txt", REQUIREMENTS),
        Sample::new("output.log", log("train", EPOCHS * 400)),
        Sample::new("diff.patch", DIFF),
        Sample::new("events.out.tfevents.1732372000.gpu-node-07", noise(1, 412_387)),
        Sample::new("checkpoints/best.safetensors", noise(2, 9_437_200)),
        Sample::new("checkpoints/optimizer.pt", noise(3, 12_582_944)),
        Sample::new("code/train.py", TRAIN),
        Sample::new("code/model.py", MODEL),
        Sample::new("code/data/loader.py", LOADER),
        Sample::new("code/data/__init__.py", ""),
        Sample::new(
            "media/html/report #1.html",
            "<!doctype html><title>Report</title><p>Accuracy 99.1 %</p>\n",
        ),
    ];
    for epoch in 1..=EPOCHS {
        files.push(Sample::new(
            format!("checkpoints/epoch-{epoch:02}.pt"),
            noise(epoch << 8, 6_291_456 + 999 * epoch as usize),
        ));
        files.push(Sample::new(
            format!("media/table/predictions_{epoch}.table.json"),
            table(epoch),
        ));
        files.push(Sample::new(
            format!("logs/rank-{}.log", epoch - 1),
            log(&format!("rank {}", epoch - 1), 900),
        ));
    }
    for step in 1..=24 {
        let name = format!(
            "media/images/validation_{}_{:08x}.png",
            step * 100,
            step * 2_654_435_761_u64 % (1 << 32)
        );
        files.push(Sample::new(name, image(step)));
    }
    files
}

/// Begins as a PNG does; the rest is noise, since nobody looks at it.
fn image(step: u64) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(noise(step << 16, 48_000 + 3_571 * step as usize));
    bytes
}

fn log(who: &str, lines: u64) -> String {
    let line = |n: u64| {
        let loss = 2.3 / (1.0 + n as f64 / 150.0);
        let rate = 3e-4 * 0.999_f64.powf(n as f64);
        format!("[{who}] step {n:>5}  loss {loss:.4}  lr {rate:.2e}\n")
    };
    (0..lines).map(line).collect()
}

fn table(epoch: u64) -> String {
    let rows: Vec<_> = (0..400_u64)
        .map(|n| json!([n, n % 10, (n * 7 + n * epoch % 3) % 10, 0.5]))
        .collect();
    json!({ "columns": ["id", "label", "prediction", "confidence"], "data": rows }).to_string()
}

fn summary() -> String {
    let summary = json!({ "_runtime": 1873, "_step": 3200, "epoch": EPOCHS, "val/accuracy": 0.9912, "val/loss": 0.0318 });
    format!("{summary}\n")
}

fn metadata() -> String {
    json!({
        "os": "Linux-6.1.0-x86_64", "python": "CPython 3.11.7", "program": "code/train.py", "codePath": "code/train.py",
        "host": "gpu-node-07", "username": "ada", "gpu": "NVIDIA A100-SXM4-40GB", "gpu_count": 8, "cpu_count": 64,
        "args": ["--epochs", EPOCHS.to_string(), "--lr", "3e-4"],
    })
    .to_string()
}

const CONFIG: &str = "\
batch_size:
    value: 256
epochs:
    value: 8
lr:
    value: 0.0003
model:
    value:
        depth: 12
        width: 384
";

const REQUIREMENTS: &str = "numpy==2.1.3\npillow==11.0.0\ntorch==2.5.1\ntorchvision==0.20.1\nwandb==0.21.3\n";

const DIFF: &str = "\
diff --git a/code/train.py b/code/train.py
--- a/code/train.py
+++ b/code/train.py
@@ -3 +3 @@
-LR = 1e-3
+LR = 3e-4
";

const TRAIN: &str = "\
from data.loader import batches
from model import Net

LR = 3e-4


def train(epochs):
    net = Net(depth=12, width=384)
    for epoch in range(epochs):
        for images, labels in batches(256):
            net.step(images, labels, LR)
";

const MODEL: &str = "\
class Net:
    def __init__(self, depth, width):
        self.depth = depth
        self.width = width
";

const LOADER: &str = "\
def batches(size):
    \"\"\"Yields (images, labels), `size` at a time.\"\"\"
";
