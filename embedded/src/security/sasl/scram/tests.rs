use super::*;

const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=";
const PROOF_256: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

/// Credentials of the example in RFC 7677: `user` with `pencil` and that salt; and of a name to be escaped.
fn credentials(hash: ScramHash) -> ScramCredentials {
    let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
    let credential = Credential::derive(hash, "pencil", salt);
    let of = HashMap::from([("user".to_owned(), credential.clone()), ("a,b=c".to_owned(), credential)]);
    ScramCredentials { hash, of, pepper: vec![7; SALT_BYTES] }
}

fn exchange(hash: ScramHash) -> Exchange {
    Exchange::with_nonce(hash, SERVER_NONCE.to_owned())
}

fn accepted(reply: &str) -> Outcome {
    Outcome::Accepted { reply: reply.as_bytes().to_vec(), name: "user".to_owned(), expires_ms: None }
}

#[test]
fn the_example_of_rfc_7677_is_spoken_word_by_word() {
    let credentials = credentials(ScramHash::Sha256);
    let mut exchange = exchange(ScramHash::Sha256);
    let first = exchange.step(&credentials, FIRST.as_bytes());
    assert_eq!(first, Outcome::Challenge(SERVER_FIRST.as_bytes().to_vec()));
    let last = exchange.step(&credentials, format!("{FINAL}{PROOF_256}").as_bytes());
    assert_eq!(last, accepted("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

/// The same exchange over SHA-512; the values were computed with Python's hashlib.
#[test]
fn the_same_example_holds_over_sha_512() {
    let credentials = credentials(ScramHash::Sha512);
    let mut exchange = exchange(ScramHash::Sha512);
    exchange.step(&credentials, FIRST.as_bytes());
    let proof = "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==";
    let verifier =
        "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==";
    assert_eq!(exchange.step(&credentials, format!("{FINAL}{proof}").as_bytes()), accepted(verifier));
}

#[test]
fn a_final_message_that_differs_in_anything_is_refused_without_a_word() {
    let credentials = credentials(ScramHash::Sha256);
    let of_another_hash =
        "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==";
    let zeros = BASE64.encode([0_u8; 32]);
    for last in [
        format!("{FINAL}eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
        format!("{FINAL}{of_another_hash}"),
        format!("{FINAL}{zeros}"),
        FINAL.to_owned(),
        format!("{FINAL}%%%"),
        format!("{FINAL}{PROOF_256},x=y"),
        format!("{FINAL}{PROOF_256}").replace("c=biws", "c=eSws"),
        format!("{FINAL}{PROOF_256}").replace("$k0", "$k1"),
        format!("{FINAL}{PROOF_256}").replace(SERVER_NONCE, ""),
        format!("{FINAL}{PROOF_256}").replace(CLIENT_NONCE, ""),
        format!("{FINAL}{PROOF_256}").replace(",p=", ",x=y,p="),
        String::new(),
        FIRST.to_owned(),
    ] {
        let mut exchange = exchange(ScramHash::Sha256);
        exchange.step(&credentials, FIRST.as_bytes());
        let outcome = exchange.step(&credentials, last.as_bytes());
        assert!(matches!(outcome, Outcome::Untold(_)), "{last}: {outcome:?}");
    }
}

#[test]
fn a_first_message_that_kafka_does_not_take_is_refused_without_a_word() {
    let credentials = credentials(ScramHash::Sha256);
    for first in [
        "",
        "n",
        "n,,",
        "n,,n=user",
        "n,,r=abc,n=user",
        "n,,n=user,r=",
        "n,,n=user,r=a b",
        "n,,n=,r=abc",
        "n,,n=us=er,r=abc",
        "n,,n=us=2cer,r=abc",
        "n,,n=z\u{f6}e,r=abc",
        "n,user,n=user,r=abc",
        "y,,n=user,r=abc",
        "p=tls-unique,,n=user,r=abc",
        "n,,m=x,n=user,r=abc",
        "n,,n=user,r=abc,",
        "n,,n=user,r=abc,1=x",
        "n,,n=user,r=abc,x",
        "n,,n=user,r=abc,tokenauth=true",
    ] {
        let outcome = exchange(ScramHash::Sha256).step(&credentials, first.as_bytes());
        assert!(matches!(outcome, Outcome::Untold(_)), "{first}: {outcome:?}");
    }
    let outcome = exchange(ScramHash::Sha256).step(&credentials, b"n,,n=\xff,r=abc");
    assert!(matches!(outcome, Outcome::Untold(_)), "{outcome:?}");
}

#[test]
fn nobody_acts_as_another_user_and_a_name_may_need_escapes() {
    let credentials = credentials(ScramHash::Sha256);
    let outcome = exchange(ScramHash::Sha256).step(&credentials, b"n,a=other,n=user,r=abc");
    assert!(matches!(outcome, Outcome::Told(message) if message.contains("authorization id")));
    for first in ["n,a=user,n=user,r=abc", "n,,n=a=2Cb=3Dc,r=abc", "n,,n=user,r=abc,tokenauth=false,ext=1"] {
        let outcome = exchange(ScramHash::Sha256).step(&credentials, first.as_bytes());
        assert!(matches!(outcome, Outcome::Challenge(_)), "{first}: {outcome:?}");
    }
}

#[test]
fn a_user_that_does_not_exist_is_refused_as_one_with_a_wrong_password() {
    let credentials = credentials(ScramHash::Sha256);
    let salt_of = |name: &str| {
        let mut exchange = exchange(ScramHash::Sha256);
        let first = exchange.step(&credentials, format!("n,,n={name},r={CLIENT_NONCE}").as_bytes());
        let Outcome::Challenge(said) = first else { panic!("{first:?}") };
        let refused = exchange.step(&credentials, format!("{FINAL}{PROOF_256}").as_bytes());
        (String::from_utf8(said).expect("text"), refused)
    };
    let (mallory, refused) = salt_of("mallory");
    assert_eq!(refused, Outcome::Untold("the proof did not fit the user"));
    assert_eq!(salt_of("mallory").0, mallory, "the salt stays the same");
    assert_ne!(salt_of("trudy").0, mallory, "and is each one's own");
    let known = ScramCredentials::derive(ScramHash::Sha256, &[User::new("user", "pencil")]);
    assert_eq!(known.find("user").0.salt.len(), known.find("mallory").0.salt.len());

    let mut wrong = exchange(ScramHash::Sha256);
    wrong.step(&credentials, FIRST.as_bytes());
    let wrong = wrong.step(&credentials, format!("{FINAL}{}", BASE64.encode([1_u8; 32])).as_bytes());
    assert_eq!(wrong, refused);
}

#[test]
fn every_exchange_has_a_nonce_and_every_credential_a_salt_of_its_own() {
    assert_ne!(Exchange::new(ScramHash::Sha256).nonce, Exchange::new(ScramHash::Sha256).nonce);
    let users = [User::new("a", "same"), User::new("b", "same")];
    let derived = ScramCredentials::derive(ScramHash::Sha512, &users);
    assert_ne!(derived.of["a"].salt, derived.of["b"].salt);
    assert_ne!(derived.of["a"].stored_key, derived.of["b"].stored_key);
}
