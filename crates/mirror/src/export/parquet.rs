//! Entries as Parquet.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::Rows;
use super::columns::{COLUMNS, Column, Value, text_len};
use crate::Entry;

/// Rows that are written together, column by column.
const GROUP_ROWS: usize = 100_000;
/// The text in them at which fewer rows are written together.
const GROUP_TEXT: usize = 64 << 20;
/// Rows of a column that are laid out at once.
const BATCH: usize = 1024;

pub(super) struct Parquet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Vec<Entry>,
    text: usize,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_created_by(concat!("wandb-mirror ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            // What is said of each page is kept in memory to the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let schema = schema().map_err(into_io)?;
        Ok(Self {
            file: SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(into_io)?,
            group: Vec::new(),
            text: 0,
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let group = mem::take(&mut self.group);
        self.text = 0;
        let mut columns = self.file.next_row_group()?;
        for column in COLUMNS {
            let Some(mut out) = columns.next_column()? else {
                break;
            };
            for entries in group.chunks(BATCH) {
                write_batch(column, entries, &mut out)?;
            }
            out.close()?;
        }
        columns.close()?;
        Ok(())
    }
}

impl<W: Write + Send> Rows for Parquet<W> {
    fn write(&mut self, entry: Entry) -> io::Result<()> {
        self.text += text_len(&entry);
        self.group.push(entry);
        if self.group.len() >= GROUP_ROWS || self.text >= GROUP_TEXT {
            self.write_group().map_err(into_io)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        if !self.group.is_empty() {
            self.write_group().map_err(into_io)?;
        }
        self.file.close().map_err(into_io)?;
        Ok(())
    }
}

fn schema() -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(COLUMNS.len());
    for column in COLUMNS {
        let time = || LogicalType::timestamp(true, TimeUnit::MILLIS);
        let (physical, logical, repetition) = match column.value {
            Value::Text(_) => (
                Physical::BYTE_ARRAY,
                Some(LogicalType::String),
                Repetition::REQUIRED,
            ),
            Value::OptionalText(_) => (
                Physical::BYTE_ARRAY,
                Some(LogicalType::String),
                Repetition::OPTIONAL,
            ),
            Value::Number(_) => (Physical::INT64, None, Repetition::REQUIRED),
            Value::OptionalTime(_) => (Physical::INT64, Some(time()), Repetition::OPTIONAL),
        };
        let field = Type::primitive_type_builder(column.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()?;
        fields.push(Arc::new(field));
    }
    let schema = Type::group_type_builder("ledger").with_fields(fields).build()?;
    Ok(Arc::new(schema))
}

/// Writes a column of some entries: the values there are, and for an optional one which rows they belong to.
fn write_batch(
    column: &Column,
    entries: &[Entry],
    out: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let present = |has: &dyn Fn(&Entry) -> bool| -> Vec<i16> {
        entries.iter().map(|entry| i16::from(has(entry))).collect()
    };
    match column.value {
        Value::Text(text) => {
            let values: Vec<_> = entries.iter().map(|entry| ByteArray::from(text(entry))).collect();
            out.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        }
        Value::OptionalText(text) => {
            let values: Vec<_> = entries.iter().filter_map(text).map(ByteArray::from).collect();
            let present = present(&|entry| text(entry).is_some());
            out.typed::<ByteArrayType>()
                .write_batch(&values, Some(&present), None)?;
        }
        Value::Number(number) => {
            let values: Vec<_> = entries.iter().map(number).collect();
            out.typed::<Int64Type>().write_batch(&values, None, None)?;
        }
        Value::OptionalTime(time) => {
            let values: Vec<_> = entries.iter().filter_map(time).collect();
            let present = present(&|entry| time(entry).is_some());
            out.typed::<Int64Type>()
                .write_batch(&values, Some(&present), None)?;
        }
    }
    Ok(())
}

/// As [`super::csv`] does it.
fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}
