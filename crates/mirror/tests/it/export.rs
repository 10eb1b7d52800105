//! Exports, read again with the libraries that others would read them with.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use bytes::Bytes;
use futures::stream;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use proptest::prelude::*;
use wandb_mirror::{Entry, ExportError, Format, State, export, export_to};

const COLUMNS: &str =
    "entity,project,run,name,file_id,size,md5,updated_at,destination,key,state,tries,error,etag,moved_at";

fn full() -> Entry {
    Entry {
        entity: "team".to_owned(),
        project: "mnist".to_owned(),
        run: "0012e4".to_owned(),
        name: "media/a, \"b\"\n\u{e9}\u{1f600}.png".to_owned(),
        file_id: Some("RmlsZTox".to_owned()),
        size: 5_000_000_000,
        md5: Some("XUFAKrxLKna5cZ2REBfFkg==".to_owned()),
        updated_at: Some("2024-05-01T12:34:56.789Z".to_owned()),
        destination: "s3://bucket/mirror".to_owned(),
        key: "team/mnist/0012e4/media/a".to_owned(),
        state: State::Done,
        tries: 2,
        error: Some("it said \"no\",\r\ntwice".to_owned()),
        etag: Some("\"5d41402a\"".to_owned()),
        moved_at: Some(1_714_566_896_001),
    }
}

fn bare(number: usize) -> Entry {
    Entry {
        name: format!("file-{number}"),
        file_id: None,
        size: 0,
        md5: None,
        updated_at: None,
        state: State::Pending,
        tries: 0,
        error: None,
        etag: None,
        moved_at: None,
        ..full()
    }
}

/// Nothing here waits for anything.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

fn exported(entries: impl IntoIterator<Item = Entry>, format: Format) -> (u64, Vec<u8>) {
    let mut out = Vec::new();
    let entries = stream::iter(entries.into_iter().map(Ok::<_, Infallible>));
    let rows = block_on(export(entries, format, &mut out)).unwrap();
    (rows, out)
}

fn parquet(bytes: Vec<u8>) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(Bytes::from(bytes)).unwrap()
}

fn rows(reader: &SerializedFileReader<Bytes>) -> Vec<Row> {
    reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
}

fn values(row: &Row) -> Vec<Field> {
    row.get_column_iter().map(|(_, field)| field.clone()).collect()
}

fn text(text: &str) -> Field {
    Field::Str(text.to_owned())
}

fn optional(value: Option<&String>) -> Field {
    value.map_or(Field::Null, |value| text(value))
}

#[test]
fn parquet_holds_every_value() {
    let (count, bytes) = exported([full(), bare(7)], Format::Parquet);
    assert_eq!(count, 2);
    let reader = parquet(bytes);
    let rows = rows(&reader);
    let names: Vec<_> = rows[0].get_column_iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.join(","), COLUMNS);
    let entry = full();
    assert_eq!(
        values(&rows[0]),
        [
            text("team"),
            text("mnist"),
            text("0012e4"),
            text(&entry.name),
            text("RmlsZTox"),
            Field::Long(5_000_000_000),
            text("XUFAKrxLKna5cZ2REBfFkg=="),
            Field::TimestampMillis(1_714_566_896_789),
            text("s3://bucket/mirror"),
            text("team/mnist/0012e4/media/a"),
            text("done"),
            Field::Long(2),
            optional(entry.error.as_ref()),
            optional(entry.etag.as_ref()),
            Field::TimestampMillis(1_714_566_896_001),
        ]
    );
    let bare = values(&rows[1]);
    assert_eq!(bare[3], text("file-7"));
    for column in [4, 6, 7, 12, 13, 14] {
        assert_eq!(bare[column], Field::Null, "column {column}");
    }
    assert_eq!((&bare[5], &bare[10]), (&Field::Long(0), &text("pending")));
}

#[test]
fn parquet_says_which_texts_are_text_and_which_numbers_times() {
    let (_, bytes) = exported([full()], Format::Parquet);
    let reader = parquet(bytes);
    let schema = reader.metadata().file_metadata().schema_descr();
    let kind = |name: &str| {
        let column = schema.columns().iter().find(|column| column.name() == name);
        column.unwrap().logical_type_ref().cloned()
    };
    let time = LogicalType::timestamp(true, TimeUnit::MILLIS);
    assert_eq!(kind("name"), Some(LogicalType::String));
    assert_eq!(kind("error"), Some(LogicalType::String));
    assert_eq!(kind("updated_at"), Some(time.clone()));
    assert_eq!(kind("moved_at"), Some(time));
    assert_eq!(kind("size"), None);
}

#[test]
fn rows_are_written_in_groups_of_bounded_size() {
    let (count, bytes) = exported((0..250_001).map(bare), Format::Parquet);
    let reader = parquet(bytes);
    let groups = reader.metadata().row_groups();
    let lengths: Vec<_> = groups.iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!((count, lengths), (250_001, vec![100_000, 100_000, 50_001]));
    let last = rows(&reader).pop().unwrap();
    assert_eq!(values(&last)[3], text("file-250000"));

    let long = (0..3).map(|number| Entry {
        error: Some("x".repeat(40 << 20)),
        ..bare(number)
    });
    let reader = parquet(exported(long, Format::Parquet).1);
    assert_eq!(reader.metadata().num_row_groups(), 2);
}

#[test]
fn without_entries_there_are_still_the_columns() {
    let (count, bytes) = exported([], Format::Csv);
    assert_eq!(
        (count, String::from_utf8(bytes).unwrap()),
        (0, format!("{COLUMNS}\n"))
    );
    let (count, bytes) = exported([], Format::Parquet);
    let reader = parquet(bytes);
    assert_eq!((count, rows(&reader).len()), (0, 0));
    assert_eq!(reader.metadata().file_metadata().schema_descr().num_columns(), 15);
}

#[test]
fn csv_holds_every_value() {
    let (count, bytes) = exported([full(), bare(7)], Format::Csv);
    assert_eq!(count, 2);
    let quoted = "team,mnist,0012e4,\"media/a, \"\"b\"\"\n\u{e9}\u{1f600}.png\",RmlsZTox,5000000000,XUFAKrxLKna5cZ2REBfFkg==,\
                  2024-05-01T12:34:56.789Z,s3://bucket/mirror,team/mnist/0012e4/media/a,done,2,\
                  \"it said \"\"no\"\",\r\ntwice\",\"\"\"5d41402a\"\"\",2024-05-01T12:34:56.001Z";
    let bare = "team,mnist,0012e4,file-7,,0,,,s3://bucket/mirror,team/mnist/0012e4/media/a,pending,0,,,";
    let written = String::from_utf8(bytes).unwrap();
    assert_eq!(written, format!("{COLUMNS}\n{quoted}\n{bare}\n"));
}

#[test]
fn times_of_older_servers_are_utc_and_what_is_no_time_is_left_out() {
    let at = |text: &str| Entry {
        updated_at: Some(text.to_owned()),
        ..full()
    };
    let (_, bytes) = exported([at("2024-05-01T12:34:56"), at("yesterday")], Format::Parquet);
    let times: Vec<_> = rows(&parquet(bytes))
        .iter()
        .map(|row| values(row)[7].clone())
        .collect();
    assert_eq!(times, [Field::TimestampMillis(1_714_566_896_000), Field::Null]);
}

#[test]
fn a_file_is_whole_or_as_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.parquet");
    fs::write(&path, "before").unwrap();
    let broken = stream::iter([Ok(full()), Err(io::Error::other("gone"))]);
    let error = block_on(export_to(broken, Format::Parquet, &path)).unwrap_err();
    assert!(matches!(error, ExportError::Entries { rows: 1, .. }));
    assert_eq!(left_in(folder.path()), ["ledger.parquet"]);
    assert_eq!(fs::read(&path).unwrap(), b"before");

    let whole = stream::iter([Ok::<_, Infallible>(full())]);
    assert_eq!(block_on(export_to(whole, Format::Parquet, &path)).unwrap(), 1);
    assert_eq!(left_in(folder.path()), ["ledger.parquet"]);
    assert_eq!(rows(&parquet(fs::read(&path).unwrap())).len(), 1);
}

#[test]
fn a_file_that_cannot_be_made_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing/ledger.csv"), folder.path().to_owned()] {
        let none = stream::empty::<Result<Entry, Infallible>>();
        let error = block_on(export_to(none, Format::Csv, &path)).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert!(left_in(folder.path()).is_empty());
}

fn left_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_as_one() {
    for format in [Format::Parquet, Format::Csv] {
        let out = File::options().write(true).open("/dev/full").unwrap();
        let entries = stream::iter((0..2_000).map(bare).map(Ok::<_, Infallible>));
        match block_on(export(entries, format, out)).unwrap_err() {
            ExportError::Write { source, .. } => assert_eq!(source.kind(), io::ErrorKind::StorageFull),
            other => panic!("{other}"),
        }
    }
}

proptest! {
    #[test]
    fn any_text_comes_back(name in any::<String>(), error in any::<Option<String>>(), etag in "[\"',\r\n a]{0,6}") {
        let entry = Entry { name, error, etag: Some(etag), ..full() };
        let (_, bytes) = exported([entry.clone()], Format::Parquet);
        let read = values(&rows(&parquet(bytes))[0]);
        prop_assert_eq!(&read[3], &text(&entry.name));
        prop_assert_eq!(&read[12], &optional(entry.error.as_ref()));
        prop_assert_eq!(&read[13], &optional(entry.etag.as_ref()));

        let (_, bytes) = exported([entry.clone()], Format::Csv);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let read = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(&read[3], &entry.name);
        prop_assert_eq!(&read[12], entry.error.as_deref().unwrap_or_default());
        prop_assert_eq!(Some(&read[13]), entry.etag.as_deref());
    }
}
