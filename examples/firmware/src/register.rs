//! Registers of devices.

/// A register of 32 bits, or of so many as `T` has.
pub(crate) struct Register<T = u32>(*mut T);

impl<T> Register<T> {
    /// # Safety
    /// A register of a device is at `address`, and reading or writing it is safe.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address as *mut T)
    }

    pub(crate) fn read(&self) -> T {
        // SAFETY: as `at` was told.
        unsafe { self.0.read_volatile() }
    }

    pub(crate) fn write(&self, value: T) {
        // SAFETY: as `at` was told.
        unsafe { self.0.write_volatile(value) }
    }
}
