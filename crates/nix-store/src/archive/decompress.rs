//! Which compression an archive has, by its first bytes, and the reader that undoes it.

use std::io::{self, BufRead, BufReader, Read};

use super::ArchiveError;
use crate::spool;

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// A bare tar archive.
    None,
    /// gzip.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// A zip file, which is archive and compression in one.
    Zip,
}

/// Where `ustar` stands in the first header of a tar archive, and the end of that header.
const MAGIC: std::ops::Range<usize> = 257..262;
const HEADER: usize = 512;
/// Memory that an xz file may ask for: what `xz -9` needs is 65 MiB.
const XZ_MEMORY_KIB: u32 = 256 << 10;

impl Compression {
    /// Tells it from the beginning of a file; names and media types are often wrong.
    pub fn detect(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ if start.get(MAGIC) == Some(b"ustar") || old_tar(start) => Some(Self::None),
            _ => None,
        }
    }
}

/// Archives from before POSIX have no magic, but a checksum; an empty archive is zeros.
fn old_tar(start: &[u8]) -> bool {
    let Some(header) = start.get(..HEADER) else { return false };
    if header.iter().all(|byte| *byte == 0) {
        return true;
    }
    let mut bytes = [0; HEADER];
    bytes.copy_from_slice(header);
    let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum();
    tar::Header::from_byte_slice(&bytes).cksum().is_ok_and(|found| found == sum + 8 * 32)
}

/// The uncompressed bytes.
pub fn open<'a>(
    compression: Compression,
    data: spool::Reader<'a>,
) -> Result<Box<dyn Read + 'a>, ArchiveError> {
    Ok(match compression {
        Compression::None => Box::new(data),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(data)),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(data)),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(data, true, XZ_MEMORY_KIB)),
        Compression::Zstd => {
            Box::new(BufReader::with_capacity(1 << 16, Frames { data: Some(data), frame: None }))
        }
        Compression::Zip => return Err(ArchiveError::UnknownFormat),
    })
}

type Frame<'a> = ruzstd::decoding::StreamingDecoder<spool::Reader<'a>, ruzstd::decoding::FrameDecoder>;

/// The decoder reads one frame; `zstd -T0` and pzstd write many.
struct Frames<'a> {
    data: Option<spool::Reader<'a>>,
    frame: Option<Frame<'a>>,
}

impl Read for Frames<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(out)?;
                if count > 0 || out.is_empty() {
                    return Ok(count);
                }
                self.data = self.frame.take().map(Frame::into_inner);
            }
            let Some(mut data) = self.data.take() else { return Ok(0) };
            if data.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(Frame::new(data).map_err(io::Error::other)?);
        }
    }
}
