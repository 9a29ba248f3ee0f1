// The controller of README.md with kube-rs: its controller runtime, and server-side apply.
use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    api::{ObjectMeta, Patch, PatchParams},
    runtime::{controller::Action, watcher, Controller},
    Api, Client, CustomResource, Resource, ResourceExt,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{signal, SignalKind};

#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[kube(group = "clients.example.com", version = "v1", kind = "Mirror", namespaced, status = "MirrorStatus")]
struct MirrorSpec {
    value: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
struct MirrorStatus {
    observed: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(#[from] kube::Error);

struct Context {
    client: Client,
    namespace: String,
}

async fn reconcile(mirror: Arc<Mirror>, context: Arc<Context>) -> Result<Action, Failure> {
    let name = mirror.name_any();
    let value = mirror.spec.value.clone().unwrap_or_default();
    let by = PatchParams::apply("mirror").force();
    let map = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            owner_references: Some(vec![mirror.controller_owner_ref(&()).expect("it has a uid")]),
            ..ObjectMeta::default()
        },
        data: Some([("value".to_string(), value.clone())].into()),
        ..ConfigMap::default()
    };
    let maps: Api<ConfigMap> = Api::namespaced(context.client.clone(), &context.namespace);
    maps.patch(&name, &by, &Patch::Apply(&map)).await?;
    if mirror.status.as_ref().and_then(|s| s.observed.as_ref()) != Some(&value) {
        let mirrors: Api<Mirror> = Api::namespaced(context.client.clone(), &context.namespace);
        let status = serde_json::json!({ "status": { "observed": value } });
        mirrors.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await?;
    }
    Ok(Action::await_change())
}

fn again(mirror: Arc<Mirror>, why: &Failure, _: Arc<Context>) -> Action {
    println!("again: {} {why}", mirror.name_any());
    Action::requeue(Duration::from_millis(100))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let namespace = std::env::var("NAMESPACE")?;
    let client = Client::try_default().await?;
    let mirrors: Api<Mirror> = Api::namespaced(client.clone(), &namespace);
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    let context = Arc::new(Context { client, namespace });
    let mut end = signal(SignalKind::terminate())?;
    println!("ready");
    Controller::new(mirrors, watcher::Config::default())
        .owns(maps, watcher::Config::default())
        .graceful_shutdown_on(async move {
            end.recv().await;
        })
        .run(reconcile, again, context)
        .for_each(|_| futures::future::ready(()))
        .await;
    Ok(())
}
