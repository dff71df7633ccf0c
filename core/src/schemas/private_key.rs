//! Private keys in PEM, also encrypted ones: PKCS#8 with PBES2 (RFC 8018), as `openssl pkcs8 -topk8` writes it. The
//! derivation of the key is ring's and the cipher is the crate aes's; what is here is the layout around them.

use std::num::NonZeroU32;

use aes::cipher::{Array, BlockCipherDecrypt, KeyInit, typenum::U16};
use aes::{Aes128, Aes192, Aes256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::pbkdf2;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why a key was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// The key of the configuration that is at fault.
    pub(super) key: &'static str,
    pub(super) why: &'static str,
    pub(super) hint: Option<&'static str>,
}

const CONVERT: &str = "convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc`";

/// More rounds than these are not computed: a file must not stop the client for minutes.
const MOST_ROUNDS: u32 = 10_000_000;

/// Reads the first private key of a text.
pub(super) fn read(text: &[u8], password: Option<&str>) -> Result<PrivateKeyDer<'static>, Unread> {
    let unread = |key, why, hint| Err(Unread { key, why, hint });
    let text = String::from_utf8_lossy(text);
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return unread("ssl.key", "was encrypted in a form that is not read", Some(CONVERT));
    }
    let Some((_, rest)) = text.split_once("-----BEGIN ENCRYPTED PRIVATE KEY-----") else {
        return PrivateKeyDer::from_pem_slice(text.as_bytes())
            .or_else(|_| unread("ssl.key", "held no private key in PEM", Some(CONVERT)));
    };
    let Some(password) = password else {
        return unread("ssl.key", "was encrypted", Some("add `ssl.key.password:`"));
    };
    let body = rest.split("-----END").next().unwrap_or_default();
    let body: String = body.split_whitespace().collect();
    let Some(sealed) = STANDARD.decode(body).ok().and_then(|der| Sealed::read(&der)) else {
        return unread("ssl.key", "was encrypted in a form that is not read", Some(CONVERT));
    };
    match sealed.open(password) {
        Some(key) => Ok(PrivatePkcs8KeyDer::from(key).into()),
        None => unread("ssl.key.password", "did not open `ssl.key`", None),
    }
}

/// An encrypted key, and how.
struct Sealed {
    prf: pbkdf2::Algorithm,
    salt: Vec<u8>,
    rounds: NonZeroU32,
    cipher: Cipher,
    iv: [u8; 16],
    data: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `hmacWith...`; the last byte says which.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// `aes...-CBC-PAD`; the last byte says which.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];

impl Sealed {
    fn read(der: &[u8]) -> Option<Self> {
        let mut whole = Der(der).inside(SEQUENCE)?;
        let mut scheme = whole.inside(SEQUENCE)?;
        scheme.is(PBES2)?;
        let mut scheme = scheme.inside(SEQUENCE)?;
        let mut derivation = scheme.inside(SEQUENCE)?;
        derivation.is(PBKDF2)?;
        let mut derivation = derivation.inside(SEQUENCE)?;
        let salt = derivation.take(OCTETS)?.to_vec();
        let rounds = derivation.integer()?;
        // The length of the key, which the cipher says as well, may stand here.
        let _length = derivation.integer();
        let prf = match derivation.inside(SEQUENCE) {
            None => pbkdf2::PBKDF2_HMAC_SHA1,
            Some(mut prf) => match prf.take(OID)?.strip_prefix(HMAC)? {
                [7] => pbkdf2::PBKDF2_HMAC_SHA1,
                [9] => pbkdf2::PBKDF2_HMAC_SHA256,
                [10] => pbkdf2::PBKDF2_HMAC_SHA384,
                [11] => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return None,
            },
        };
        let mut encryption = scheme.inside(SEQUENCE)?;
        let cipher = match encryption.take(OID)?.strip_prefix(AES)? {
            [2] => Cipher::Aes128,
            [22] => Cipher::Aes192,
            [42] => Cipher::Aes256,
            _ => return None,
        };
        let iv = encryption.take(OCTETS)?.try_into().ok()?;
        let data = whole.take(OCTETS)?.to_vec();
        let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MOST_ROUNDS)?;
        Some(Self { prf, salt, rounds, cipher, iv, data })
    }

    fn open(&self, password: &str) -> Option<Vec<u8>> {
        let mut key = [0; 32];
        let key = match self.cipher {
            Cipher::Aes128 => &mut key[..16],
            Cipher::Aes192 => &mut key[..24],
            Cipher::Aes256 => &mut key[..],
        };
        pbkdf2::derive(self.prf, self.rounds, &self.salt, password.as_bytes(), key);
        match self.cipher {
            Cipher::Aes128 => self.unchained(&Aes128::new_from_slice(key).ok()?),
            Cipher::Aes192 => self.unchained(&Aes192::new_from_slice(key).ok()?),
            Cipher::Aes256 => self.unchained(&Aes256::new_from_slice(key).ok()?),
        }
    }

    /// Undoes CBC and its padding; with a wrong password nothing that looks like a key comes out.
    fn unchained(&self, cipher: &impl BlockCipherDecrypt<BlockSize = U16>) -> Option<Vec<u8>> {
        let (blocks, rest) = self.data.as_chunks::<16>();
        if !rest.is_empty() {
            return None;
        }
        let (mut before, mut plain) = (self.iv, Vec::with_capacity(self.data.len()));
        for sealed in blocks {
            let mut block = Array::from(*sealed);
            cipher.decrypt_block(&mut block);
            plain.extend(block.iter().zip(before).map(|(byte, chained)| byte ^ chained));
            before = *sealed;
        }
        let padding = usize::from(*plain.last()?);
        let length = plain.len().checked_sub(padding).filter(|_| (1..=16).contains(&padding))?;
        let padded = plain.split_off(length);
        let whole = padded.iter().all(|byte| usize::from(*byte) == padding);
        (whole && Der(&plain).inside(SEQUENCE).is_some()).then_some(plain)
    }
}

/// The rest of a DER text.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Takes the next value when it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (_, rest) = self.0.split_first().filter(|(found, _)| **found == tag)?;
        let (length, rest) = match rest.split_first()? {
            (short @ 0..=0x7f, rest) => (usize::from(*short), rest),
            (0x81, rest) => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
            (0x82, rest) => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }

    fn inside(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Self)
    }

    fn is(&mut self, oid: &[u8]) -> Option<()> {
        (self.take(OID)? == oid).then_some(())
    }

    fn integer(&mut self) -> Option<u32> {
        let bytes = self.take(INTEGER)?;
        (bytes.len() <= 4 && bytes.first().is_some_and(|first| *first < 0x80))
            .then(|| bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A key that opens nothing, and the same one as OpenSSL 3.0 encrypts it with the password `hunter2`.
    /// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
    const PLAIN: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3RLI3d3sTkcNtFSG\n\
ANwzcYmWDegXEcSdQWIKK50UEZmhRANCAATnITnvxbzVjJEAz10oVgmralCasvaW\n\
rnIDrRzlWU2sTrpwx53I+vL5LIWFSoNwr23r+MCphYPwPKvYExNmSdXR\n\
-----END PRIVATE KEY-----\n";

    /// `openssl pkcs8 -topk8 -v2 aes-256-cbc`
    const AES_256: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg2kBx4yCd06gICCAAw\n\
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEELiiYK46NS/R3BQl65Ubo9AEgZCF\n\
NA3CCd8Kdoa73uB6MJ2DjdIj/HmEhZU2iC71O8JMVQJtMS4OvcOrE0wU1uU9qDkY\n\
aUUjUdVOoFUfl+Y/kFb3svwX2xUpC1S+KNqPTknSFJcWmr40TXls/ZxCfp+X4ZWW\n\
qvJssCSlDQeWZLprHzhWgubt/SNaJpYOYveJNSjGNY2Cvxj40AepDbkS/yqqEfA=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    /// `openssl pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1`
    const AES_128: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHeMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAiwVRwUI2YclwICCAAw\n\
HQYJYIZIAWUDBAECBBA5OeIGXB21jwrvFclyombsBIGQCW21YGq85OvOsnizRhdl\n\
ff2R9Z7d3+pzGRuLVyXu0kgWTGH0t/PwosDQCdsjZCnWeAlkp7b2EMRbqx1izlzv\n\
T1jbJh1k7+VVggGEFLxkCMEq8NK5BWEo2ES12jAtcXwV/ulAZk070KB0m5CbK5Di\n\
v+BdN7y8rruE/mmNgqZ13Xr88z52gIisb8aIEFautRlU\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    /// `openssl pkcs8 -topk8 -v2 aes-192-cbc -v2prf hmacWithSHA512`
    const AES_192: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgG8zslODKYSwICCAAw\n\
DAYIKoZIhvcNAgsFADAdBglghkgBZQMEARYEEPqO4DRJ/Zx+/fD4JozK0aMEgZCv\n\
Av2/KMpHrXQbgid5QyhszD4aetC60ztZ8/gyGGPDbKmd9zy2Hk1Sjc8hjDhuRtSt\n\
d1ZtyxhVdREl+nXuxmNaHMjQjmWmRkpSWlrNoSZJvAaZhklr0lt0oPE5NMXn3URK\n\
hEtGX7F2ACTZUC+oyeMe0EGVLwEb/VAqBX1aOjvYvyy42sjv0+Z/ybwiHkYXjbQ=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    /// `openssl pkcs8 -topk8 -scrypt`
    const SCRYPT: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAhMyzUuR+PdigICQAAC\n\
AQgCAQEwHQYJYIZIAWUDBAEqBBCQIJfyn8yBcC2thHnsxrwGBIGQ9CiUvGd3lEvl\n\
5DanuRBnQoRkzlSh/cZJjkHwKbDr8lPWzhih7l4/R67YTfPd0v3gBR1JjYZEXL5k\n\
5bZZGTSCGLrrXr55JL2MXn2shQAcEYUwXNKODLkkIF1pw7mNFhs1GzRuUBiKgJuW\n\
g3ileHViS1s18mbBCaQ+lwE4t+1re1d1QnAhSJ8qphhfRm0y5lGV\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    /// `openssl pkcs8 -topk8 -v2 des3`
    const DES: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHjME4GCSqGSIb3DQEFDTBBMCkGCSqGSIb3DQEFDDAcBAh2ATgJ5hYnIgICCAAw\n\
DAYIKoZIhvcNAgkFADAUBggqhkiG9w0DBwQIIRbn8WuOfMcEgZBB61ice2v1IGum\n\
3SM/gPUFs4i4ucTihcD7GmG4x5woTp8b/wG50Kl5ydBH1Nsb6oS5Bvm+BBhT92Pf\n\
qdLfk5sANJobyR6Nu62RJLfJicFkjL+PuyZrBi/isqXQ3q2Wxdsj8HJ3Oj882HNZ\n\
ZY41fsTbKY7pmrwVeYXn/rGF095HzGzHIufSyCKO+8nnZiNcOr0=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

    fn unread(text: &str, password: Option<&str>) -> Unread {
        read(text.as_bytes(), password).unwrap_err()
    }

    #[test]
    fn keys_that_openssl_encrypted_open_with_their_password() {
        let plain = read(PLAIN.as_bytes(), None).unwrap();
        for text in [AES_256, AES_128, AES_192] {
            assert_eq!(read(text.as_bytes(), Some("hunter2")).unwrap().secret_der(), plain.secret_der());
            assert_eq!(unread(text, Some("hunter3")).key, "ssl.key.password");
            assert_eq!(unread(text, None).hint, Some("add `ssl.key.password:`"));
        }
    }

    #[test]
    fn what_is_not_read_says_how_to_convert_it() {
        let legacy = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n-----END EC PRIVATE KEY-----\n";
        for text in [SCRYPT, DES, legacy, "", &AES_256.replace("MIH", "MIX")] {
            assert_eq!(unread(text, Some("hunter2")).hint, Some(CONVERT), "{text}");
        }
    }

    #[test]
    fn no_cut_or_changed_key_makes_the_reader_panic() {
        let body: String = AES_256.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        for end in 0..der.len() {
            assert!(Sealed::read(&der[..end]).is_none(), "{end}");
        }
        for place in 0..der.len() {
            let mut der = der.clone();
            der[place] ^= 0x81;
            if let Some(sealed) = Sealed::read(&der).filter(|sealed| sealed.rounds.get() <= 10_000) {
                let _either = sealed.open("hunter2");
            }
        }
    }
}
