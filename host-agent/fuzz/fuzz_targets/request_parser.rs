//! Whatever lies in a request's memory, the parser answers, and what it lets through keeps its promises.
#![no_main]

use host_agent::request::{GuestMemory, Kind, RequestCopy, parse};
use libfuzzer_sys::fuzz_target;
use virtio_ikc::address::GuestPhysical;
use virtio_ikc::message::{MAX_BUFFERS, MAX_SEGMENTS};

/// The input as guest memory: it begins at address 0 and is followed by zeroes up to [`END`].
struct Input<'a>(&'a [u8]);

const END: u64 = 1 << 20;

impl GuestMemory for Input<'_> {
    fn read(&self, address: GuestPhysical, into: &mut [u8]) -> Result<(), ()> {
        if !self.contains(address, into.len() as u64) {
            return Err(());
        }
        into.fill(0);
        let rest = usize::try_from(address.as_u64()).ok().and_then(|start| self.0.get(start..)).unwrap_or_default();
        into.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn contains(&self, address: GuestPhysical, length: u64) -> bool {
        address.checked_add(length).is_some_and(|end| end.as_u64() <= END)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let memory = Input(bytes);
    let mut copy = RequestCopy::default();
    if copy.take(&memory, GuestPhysical(0)).is_err() {
        return;
    }
    let Ok(request) = parse(&copy, &memory) else { return };
    if let Kind::Call(row) = request.kind {
        assert!(row.is_executable());
    }
    assert!(request.buffers().len() <= MAX_BUFFERS);
    let mut segments = 0;
    for buffer in request.buffers() {
        let mut length = 0;
        for segment in request.segments(buffer) {
            assert!(segment.length > 0 && memory.contains(segment.address, segment.length));
            length += segment.length;
            segments += 1;
        }
        assert!(length == buffer.accessible && buffer.accessible <= buffer.length);
    }
    assert!(segments <= MAX_SEGMENTS);
});
