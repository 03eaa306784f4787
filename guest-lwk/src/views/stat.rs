//! `stat` of a process or a thread: the fields that the LWK knows better than Linux, by their numbers in proc(5).

use alloc::sync::Arc;

use lwk_core::signal::SignalSet;
use virtio_ikc::address::PAGE_SIZE;

use super::areas::Areas;
use super::numbers;
use super::status::Signals;
use super::text::Text;
use crate::process::process::Process;
use crate::process::thread::Thread;

/// The fields: those of `thread` alone where they differ, or of the whole process.
pub fn text(process: &Arc<Process>, thread: &Thread, alone: bool) -> Text {
    let areas = Areas::of(process);
    let (program, heap) = (&areas.space.program, areas.space.heap);
    let used = if alone { thread.spent.account() } else { process.account() };
    let children = process.usage.of_children();
    let signals = Signals::of(process, thread);
    // The old fields have room for the signals below 32, without the last.
    let low = |set: SignalSet| set.0 & 0x7fff_ffff;
    let fields = [
        (10, used.minor_faults),
        (11, children.minor_faults),
        (12, used.major_faults),
        (13, children.major_faults),
        (14, numbers::ticks(used.user)),
        (15, numbers::ticks(used.system)),
        (16, numbers::ticks(children.user)),
        (17, numbers::ticks(children.system)),
        (20, process.all_threads().len() as u64),
        (23, areas.space.total),
        (24, areas.sums().resident() / PAGE_SIZE),
        (26, program.code.start),
        (27, program.code.end),
        (28, program.stack),
        (29, 0),
        (30, 0),
        (31, low(signals.of_thread)),
        (32, low(signals.blocked)),
        (33, low(signals.ignored)),
        (34, low(signals.caught)),
        (39, thread.vcpu() as u64),
        (45, program.data.start),
        (46, program.data.end),
        (47, heap.start),
        (48, program.arguments.start),
        (49, program.arguments.end),
        (50, program.environment.start),
        (51, program.environment.end),
    ];
    let mut text = Text::new();
    text.put(format_args!("3 {}\n", numbers::state(process, thread)));
    for (number, value) in fields {
        text.put(format_args!("{number} {value}\n"));
    }
    text
}
