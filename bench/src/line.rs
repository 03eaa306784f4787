//! The lines that `bench-guest` writes to stdout, one JSON object each: one when its preparations are over, one with
//! the result. The driver notes when each arrives, which makes it a second witness of the time that passed: the clock
//! of a kernel under test is not to be trusted with that kernel's own figures.

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Line {
    /// Memory is warm and the measurement begins.
    Started,
    /// The measurement is over.
    Finished(Report),
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    /// It is not one of ours.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// What one run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The benchmark's name in the catalogue.
    pub benchmark: String,
    /// Nanoseconds per operation: the median of `samples`.
    pub ns_per_operation: f64,
    /// Nanoseconds per operation, batch by batch.
    pub samples: Vec<f64>,
    /// Operations in all batches together.
    pub operations: u64,
    /// Nanoseconds in all batches together, by the program's own clock.
    pub elapsed_ns: u64,
    /// What the first operations computed or read. The same program must find the same on any kernel.
    pub checksum: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            benchmark: "getppid".into(),
            ns_per_operation: 235.5,
            samples: vec![236.0, 235.5, 235.0],
            operations: 300,
            elapsed_ns: 70_650,
            checksum: u64::MAX,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for line in [Line::Started, Line::Finished(report())] {
            let text = serde_json::to_string(&line).unwrap();
            assert_eq!(Line::parse(&text).unwrap(), line);
            assert!(!text.contains('\n'));
        }
    }

    #[test]
    fn a_line_without_a_figure_is_refused() {
        assert!(Line::parse(r#"{"event":"finished","benchmark":"stat"}"#).is_err());
    }

    #[test]
    fn other_output_is_refused() {
        for text in ["", "Segmentation fault", "{}", r#"{"event":"lost"}"#] {
            assert!(Line::parse(text).is_err(), "{text:?}");
        }
    }
}
