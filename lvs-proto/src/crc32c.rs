//! The checksum of SCTP (RFC 9260 appendix A).

/// The CRC32c of the parts of a whole, one after another.
pub(crate) fn crc32c(parts: &[&[u8]]) -> u32 {
    !parts.iter().fold(u32::MAX, |crc, octets| over(crc, octets))
}

/// The CRC after these octets.
fn over(mut crc: u32, octets: &[u8]) -> u32 {
    let mut rest = octets;
    if let [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES.as_slice() {
        // Eight octets at a time, each through the table of its distance from the last one.
        while let Some((&[a, b, c, d, e, f, g, h], tail)) = rest.split_first_chunk() {
            let [i, j, k, l] = (crc ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
            crc = t7[usize::from(i)]
                ^ t6[usize::from(j)]
                ^ t5[usize::from(k)]
                ^ t4[usize::from(l)]
                ^ t3[usize::from(e)]
                ^ t2[usize::from(f)]
                ^ t1[usize::from(g)]
                ^ t0[usize::from(h)];
            rest = tail;
        }
    }
    rest.iter().fold(crc, |crc, octet| {
        let [low, ..] = crc.to_le_bytes();
        crc >> 8 ^ TABLES[0][usize::from(low ^ octet)]
    })
}

/// The polynomial, its bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// A kilobyte each: bare metal has one, and takes octet by octet.
const COUNT: usize = if cfg!(target_os = "none") { 1 } else { 8 };

/// What an octet comes to with none to seven octets of zeros behind it.
static TABLES: [[u32; 256]; COUNT] = {
    let mut tables = [[0; 256]; COUNT];
    let mut octet = 0;
    while octet < 256 {
        let mut crc = octet as u32;
        let mut table = 0;
        while table < COUNT {
            let mut bit = 0;
            while bit < 8 {
                crc = crc >> 1 ^ if crc & 1 == 0 { 0 } else { POLYNOMIAL };
                bit += 1;
            }
            tables[table][octet] = crc;
            table += 1;
        }
        octet += 1;
    }
    tables
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit.
    fn naive(octets: &[u8]) -> u32 {
        !octets.iter().fold(u32::MAX, |crc, octet| {
            (0..8).fold(crc ^ u32::from(*octet), |crc, _| match crc & 1 {
                0 => crc >> 1,
                _ => crc >> 1 ^ POLYNOMIAL,
            })
        })
    }

    #[test]
    fn the_check_value_of_the_polynomial() {
        assert_eq!(crc32c(&[b"123456789"]), 0xe306_9283);
    }

    /// RFC 3720 appendix B.4.
    #[test]
    fn golden_vectors() {
        assert_eq!(crc32c(&[&[0; 32]]), 0x8a91_36aa);
        assert_eq!(crc32c(&[&[0xff; 32]]), 0x62a8_ab43);
        let ascending = core::array::from_fn::<u8, 32, _>(|place| place as u8);
        assert_eq!(crc32c(&[&ascending]), 0x46dd_794e);
    }

    #[test]
    fn any_octets_in_any_parts() {
        arbtest::arbtest(|u| {
            let len = u.int_in_range(0..=64)?.min(u.len());
            let octets = u.bytes(len)?;
            let (front, back) = octets.split_at(u.int_in_range(0..=len)?);
            assert_eq!(crc32c(&[front, back]), naive(octets));
            Ok(())
        });
    }
}
