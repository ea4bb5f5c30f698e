//! Registers of devices.

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(crate) struct Register(*mut u32);

impl Register {
    /// # Safety
    /// A register of a device is at `address`, and reading or writing it is safe.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address as *mut u32)
    }

    pub(crate) fn read(self) -> u32 {
        // SAFETY: as `at` was told.
        unsafe { self.0.read_volatile() }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: as `at` was told.
        unsafe { self.0.write_volatile(value) }
    }
}
