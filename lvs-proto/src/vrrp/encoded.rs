//! An advertisement that its sender keeps.

use super::decode::{covered, only_form};
use super::encode::{CHECKSUM_OFFSET, Encoder};
use super::message::HEADER_LEN;
use super::{Advert, ChecksumForm, EncodeError, Priority};
use crate::AddressPair;
use crate::buffer::Writer;
use crate::checksum::Sum;

/// The octets of an advertisement, written once and sent again and again \[S-3\]. What changes from
/// one advert to the next (the priority, the packet's addresses, the form of the checksum) is
/// patched in; the addresses are never summed again \[W-26\].
///
/// ```
/// use lvs_proto::AddressPair;
/// use lvs_proto::vrrp::{
///     Advert, AdvertInterval, ChecksumForm, EncodedAdvert, GROUP_V4, Priority, Version, Vrid,
/// };
///
/// let addresses = [[192, 0, 2, 100].into()];
/// let advert = Advert {
///     version: Version::V3,
///     vrid: Vrid::new(51).ok_or("0 is no VRID")?,
///     priority: Priority::DEFAULT,
///     interval: AdvertInterval::DEFAULT,
///     checksum: ChecksumForm::MessageOnly,
///     addresses: addresses[..].into(),
///     sequence: None,
/// };
/// let path = AddressPair::V4 { source: [192, 0, 2, 1].into(), destination: GROUP_V4 };
/// let mut encoded = EncodedAdvert::new(&advert, path, [0; 64])?;
/// encoded.set_priority(Priority::RESIGN);
/// assert_eq!(encoded.octets(), [0x31, 51, 0, 1, 0, 100, 0x0c, 0x03, 192, 0, 2, 100]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EncodedAdvert<B> {
    buffer: B,
    len: u16,
    form: ChecksumForm,
    /// Whether version and family leave the form open.
    any_form: bool,
    addresses: AddressPair,
    /// The sum of the message without its checksum field.
    sum: u16,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> EncodedAdvert<B> {
    /// Writes `advert`, without authentication, to the front of `buffer`, for packets between
    /// `addresses`.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn new(
        advert: &Advert<'_>,
        addresses: AddressPair,
        buffer: B,
    ) -> Result<Self, EncodeError> {
        Self::written(&Encoder::new(advert, addresses)?, advert, addresses, buffer)
    }

    /// The same with the password of authentication type 1 \[W-4\]. Headers and trailers differ from
    /// advert to advert: there is nothing to keep.
    ///
    /// # Errors
    /// [`EncodeError`].
    #[cfg(feature = "auth-legacy")]
    pub fn with_password(
        advert: &Advert<'_>,
        addresses: AddressPair,
        password: &super::Password,
        buffer: B,
    ) -> Result<Self, EncodeError> {
        let encoder = Encoder::with_password(advert, addresses, password)?;
        Self::written(&encoder, advert, addresses, buffer)
    }

    fn written(
        encoder: &Encoder<'_>,
        advert: &Advert<'_>,
        addresses: AddressPair,
        mut buffer: B,
    ) -> Result<Self, EncodeError> {
        let mut writer = Writer::new(buffer.as_mut(), encoder.len().into())?;
        encoder.emit(|octets| writer.put(octets));
        let only_form = only_form(advert.version, addresses.family());
        Ok(Self {
            buffer,
            len: encoder.len(),
            form: only_form.unwrap_or(advert.checksum),
            any_form: only_form.is_none(),
            addresses,
            sum: !encoder.sum().checksum(),
        })
    }

    /// The payload of the IP packet.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.buffer.as_ref().get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Changes the sender's priority.
    pub fn set_priority(&mut self, priority: Priority) {
        if let Some([_, _, field, count, ..]) = self.buffer.as_mut().first_chunk_mut::<HEADER_LEN>()
        {
            let old = u16::from_be_bytes([*field, *count]);
            *field = priority.get();
            let new = u16::from_be_bytes([*field, *count]);
            self.sum = !Sum::new().add_word(self.sum).add_word(!old).add_word(new).checksum();
        }
        self.write_checksum();
    }

    /// Changes source or destination of the packet; of the same family, or nothing changes.
    pub fn set_addresses(&mut self, addresses: AddressPair) {
        if addresses.family() == self.addresses.family() {
            self.addresses = addresses;
            self.write_checksum();
        }
    }

    /// Changes the form of the checksum, where there is a choice: in version 3 over IPv4.
    pub fn set_checksum_form(&mut self, form: ChecksumForm) {
        if self.any_form {
            self.form = form;
            self.write_checksum();
        }
    }

    fn write_checksum(&mut self) {
        let sum = Sum::new().add_word(self.sum);
        let checksum = covered(sum, self.form, self.addresses, self.len.into()).checksum();
        if let Some(field) = self.buffer.as_mut().get_mut(CHECKSUM_OFFSET..HEADER_LEN) {
            field.copy_from_slice(&checksum.to_be_bytes());
        }
    }
}
