//! The natives, in the order of `io.testprobe.Native`, where each is described: read the arguments, call core,
//! hand back.

use std::path::PathBuf;
use std::time::Duration;

use jni::objects::{JByteArray, JClass};
use jni::sys::{JNI_VERSION_1_8, jboolean, jdouble, jint, jlong};
use jni::{Env, EnvUnowned};
use serde_json::json;
use test_probe::call::Opening;
use test_probe::config::Sources;
use test_probe::operation::Operation;
use test_probe::{Config, ErrorCode, Probe, ProbeError};

use crate::completion::{self, Ended};
use crate::convert::{optional_text, raw, text, write_answer};
use crate::error::{Failure, entry, inject_panic};
use crate::frame::Writer;
use crate::{ABI, registry};

/// Asks for a virtual machine that knows JNI 1.8; another one refuses the library.
#[unsafe(no_mangle)]
extern "system" fn JNI_OnLoad(_vm: *mut jni::sys::JavaVM, _reserved: *mut std::ffi::c_void) -> jint {
    JNI_VERSION_1_8
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_about<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "about", |env| {
        let codes: serde_json::Map<_, _> =
            ErrorCode::ALL.iter().map(|code| (code.name().to_owned(), code.number().into())).collect();
        let debug = cfg!(debug_assertions);
        let about =
            json!({ "abi": ABI, "version": env!("CARGO_PKG_VERSION"), "debug": debug, "codes": codes });
        document(env, &about.to_string())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_open<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    explicit: JByteArray<'local>,
    file: JByteArray<'local>,
) -> jlong {
    entry(env, &class, "open", |env| {
        let explicit = optional_text(env, &explicit)?;
        let file = optional_text(env, &file)?.map(PathBuf::from);
        let config = Config::from_environment(explicit.as_deref(), file.as_deref())?;
        let probe = Probe::builder().config(config).build()?;
        Ok(registry::add_probe(probe)?.cast_signed())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_info<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
) -> JByteArray<'local> {
    entry(env, &class, "info", |env| {
        let info = registry::probe(probe.cast_unsigned())?.open()?.info();
        document(env, &info.to_string())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_close<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
    timeout_ms: jdouble,
) {
    entry(env, &class, "close", |_| {
        // Not a number: nothing was said, and the configuration says it.
        let timeout = (!timeout_ms.is_nan()).then(|| millis(timeout_ms)).transpose()?;
        Ok(registry::probe(probe.cast_unsigned())?.close(timeout)?)
    });
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_release<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    handle: jlong,
) {
    entry(env, &class, "release", |_| Ok(registry::release(handle.cast_unsigned())?));
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_openSession<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
    opening: JByteArray<'local>,
) -> jlong {
    entry(env, &class, "openSession", |env| {
        let entry = registry::probe(probe.cast_unsigned())?;
        let probe = entry.open()?;
        let opening = Opening::from_document(&text(env, &opening)?)?;
        let future = probe.open_session_as(opening.directives, opening.test_id);
        let ended = async move { Ok(Ended::Opened(future.await?)) };
        Ok(entry.queue.submit(&probe.handle(), ended).cast_signed())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_run<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
    session: jlong,
    call: JByteArray<'local>,
    key: JByteArray<'local>,
    value: JByteArray<'local>,
    headers: JByteArray<'local>,
) -> jlong {
    entry(env, &class, "run", |env| {
        let queue = &registry::probe(probe.cast_unsigned())?.queue;
        let entry = registry::session(session.cast_unsigned())?;
        let session = entry.open()?;
        let operation = Operation::from_document(&text(env, &call)?, raw(env, &key, &value, &headers)?)?;
        let closes = matches!(operation, Operation::Close);
        let runtime = session.probe().handle();
        let future = session.run(operation);
        let ended = async move {
            let result = future.await;
            if closes {
                entry.let_go();
            }
            Ok(Ended::Verb(session, result?))
        };
        Ok(queue.submit(&runtime, ended).cast_signed())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_cancel<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
    operation: jlong,
) -> jboolean {
    entry(env, &class, "cancel", |_| {
        Ok(registry::probe(probe.cast_unsigned())?.queue.cancel(operation.cast_unsigned()))
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_drain<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
) -> JByteArray<'local> {
    entry(env, &class, "drain", |env| {
        // Nobody is left to wait for what ends: the probe was collected.
        let Ok(probe) = registry::probe(probe.cast_unsigned()) else { return Ok(JByteArray::null()) };
        let Some(batch) = completion::drain(&probe) else { return Ok(JByteArray::null()) };
        match env.byte_array_from_slice(&batch) {
            Ok(array) => Ok(array),
            Err(no_memory) => {
                probe.keep_undelivered(batch);
                Err(no_memory.into())
            }
        }
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_validate<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    opening: JByteArray<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "validate", |env| {
        let opening = Opening::from_document(&text(env, &opening)?)?;
        document(env, &opening.directives.to_json().to_string())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_validateConfig<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    explicit: JByteArray<'local>,
    path: JByteArray<'local>,
    file: JByteArray<'local>,
    variables: JByteArray<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "validateConfig", |env| {
        let explicit = optional_text(env, &explicit)?;
        let path = optional_text(env, &path)?.map(PathBuf::from);
        let file = optional_text(env, &file)?;
        let variables = optional_text(env, &variables)?;
        let sources = Sources {
            explicit: explicit.as_deref(),
            path: path.as_deref(),
            file: file.as_deref(),
            variables: variables.as_deref(),
        };
        document(env, &sources.load()?.to_json().to_string())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_embeddedControl<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
    cluster: JByteArray<'local>,
    command: JByteArray<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "embeddedControl", |env| {
        let probe = registry::probe(probe.cast_unsigned())?.open()?;
        let command = test_probe::call::json(&text(env, &command)?, "the command")?;
        let answer = probe.embedded_control(&text(env, &cluster)?, &command)?;
        document(env, &answer.to_string())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_isConfigured<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
) -> jboolean {
    entry(env, &class, "isConfigured", |_| Ok(Config::is_stated()))
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_words<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    words: JByteArray<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "words", |env| {
        let read = test_probe::words::read_document(&text(env, &words)?)?;
        document(env, &read)
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_registerSystem<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    probe: jlong,
) {
    entry(env, &class, "registerSystem", |_| {
        test_probe::dsl::register_system(&registry::probe(probe.cast_unsigned())?.open()?);
        Ok(())
    });
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_findSession<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    test_id: JByteArray<'local>,
    topic: JByteArray<'local>,
    producing: jboolean,
) -> jlong {
    entry(env, &class, "findSession", |env| {
        let session = test_probe::dsl::session(&text(env, &test_id)?, &text(env, &topic)?, producing)?;
        Ok(registry::add_foreign_session(session)?.cast_signed())
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_trial<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    trial: JByteArray<'local>,
    key: JByteArray<'local>,
    value: JByteArray<'local>,
    headers: JByteArray<'local>,
) -> JByteArray<'local> {
    entry(env, &class, "trial", |env| {
        let answer = test_probe::trial::run(&text(env, &trial)?, raw(env, &key, &value, &headers)?)?;
        let mut frame = Writer::default();
        write_answer(&mut frame, &answer.document, &answer.events);
        Ok(env.byte_array_from_slice(&frame.finish())?)
    })
}

#[unsafe(no_mangle)]
extern "system" fn Java_io_testprobe_Native_injectPanic<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    name: JByteArray<'local>,
) {
    entry(env, &class, "injectPanic", |env| Ok(inject_panic(text(env, &name)?)?));
}

fn document<'local>(env: &mut Env<'local>, text: &str) -> Result<JByteArray<'local>, Failure> {
    Ok(env.byte_array_from_slice(text.as_bytes())?)
}

fn millis(millis: f64) -> Result<Duration, ProbeError> {
    Duration::try_from_secs_f64(millis / 1e3).map_err(|_| {
        ProbeError::new(ErrorCode::InvalidArgument, format!("`timeout` was `{millis}` ms, not a time"))
    })
}
