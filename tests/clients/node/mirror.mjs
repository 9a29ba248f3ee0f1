// The controller of README.md with @kubernetes/client-node: an informer, and one object after the other.
import * as k8s from '@kubernetes/client-node';

const namespace = process.env.NAMESPACE;
const kind = { group: 'clients.example.com', version: 'v1', namespace, plural: 'mirrors' };
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const mergePatch = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch);

async function reconcile(mirror) {
  const { name, uid } = mirror.metadata;
  const value = mirror.spec?.value ?? '';
  const owner = { apiVersion: mirror.apiVersion, kind: mirror.kind, name, uid, controller: true };
  const body = { metadata: { name, ownerReferences: [owner] }, data: { value } };
  try {
    const found = await core.readNamespacedConfigMap({ name, namespace });
    if (found.data?.value !== value) await core.replaceNamespacedConfigMap({ name, namespace, body: { ...found, data: { value } } });
  } catch (why) {
    if (why.code !== 404) throw why;
    await core.createNamespacedConfigMap({ namespace, body });
  }
  if (mirror.status?.observed !== value)
    await custom.patchNamespacedCustomObjectStatus({ ...kind, name, body: { status: { observed: value } } }, mergePatch);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function attempt(mirror) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await reconcile(mirror);
    } catch (why) {
      if (why.code === 404) return undefined;
      console.log('again:', why.code ?? why.message);
      await pause(100);
    }
  }
  console.log('given up:', mirror.metadata.name);
  process.exit(1);
}

// One after the other, so that what is older never comes after what is newer.
let last = Promise.resolve();
const enqueue = (mirror) => {
  last = last.then(() => attempt(mirror));
};

const informer = k8s.makeInformer(config, `/apis/${kind.group}/${kind.version}/namespaces/${namespace}/${kind.plural}`, () =>
  custom.listNamespacedCustomObject(kind));
informer.on('add', enqueue);
informer.on('update', enqueue);
informer.on('error', (why) => {
  console.log('listed anew:', why.message);
  setTimeout(() => informer.start(), 100);
});
process.on('SIGTERM', () => process.exit(0));
await informer.start();
console.log('ready');
