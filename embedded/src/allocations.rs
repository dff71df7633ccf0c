//! Counts what tests allocate, thread by thread, so that tests that run at once do not disturb each other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread allocated less what it freed, since [`peak`] began, and the most it was.
    static COUNTED: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

/// Returns the most bytes that were allocated at once by this thread while it ran something.
pub(crate) fn peak(run: impl FnOnce()) -> usize {
    COUNTED.set((0, 0));
    run();
    COUNTED.get().1.unsigned_abs()
}

fn count(bytes: isize) {
    // A thread that ends has no counter any more.
    let _ = COUNTED.try_with(|counted| {
        let (now, most) = counted.get();
        counted.set((now + bytes, most.max(now + bytes)));
    });
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
    // `realloc` is the trait's own, which holds the old and the new at once: the worst that can be.
}
