//! The ring: a split virtqueue.
