//! What a person does at a terminal: waits for something to be shown, then types.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::thread::spawn;

use crate::streams::Bytes;

/// What is waited for in what has been shown since the step before, and what is typed then.
pub type Step = (&'static str, &'static str);

/// Takes the steps one after the other; what arrives is everything that was shown until the end.
#[must_use]
pub fn hold(mut terminal: File, steps: Vec<Step>) -> Bytes {
    let (sender, receiver) = channel();
    spawn(move || {
        let mut shown = Vec::new();
        let mut from = 0;
        for (awaited, typed) in steps {
            let Some(end) = wait_for(awaited.as_bytes(), from, &mut shown, &mut terminal) else { break };
            from = end;
            if terminal.write_all(typed.as_bytes()).is_err() {
                break;
            }
        }
        // A terminal ends with EIO; what came before counts.
        let _ = terminal.read_to_end(&mut shown);
        sender.send(shown)
    });
    receiver
}

/// Reads until `awaited` is among the bytes of `shown` from `from` on; answers where it ends.
fn wait_for(awaited: &[u8], from: usize, shown: &mut Vec<u8>, terminal: &mut File) -> Option<usize> {
    loop {
        let found = shown[from..].windows(awaited.len().max(1)).position(|window| window.starts_with(awaited));
        if let Some(at) = found {
            return Some(from + at + awaited.len());
        }
        let mut buffer = [0; 4096];
        let count = terminal.read(&mut buffer).ok().filter(|count| *count > 0)?;
        shown.extend_from_slice(&buffer[..count]);
    }
}
