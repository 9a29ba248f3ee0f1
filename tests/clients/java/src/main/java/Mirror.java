// The controller of README.md with fabric8: a generic informer, and a queue that one thread works off.
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;

public class Mirror {
  private static final ResourceDefinitionContext KIND = new ResourceDefinitionContext.Builder()
      .withGroup("clients.example.com").withVersion("v1").withKind("Mirror").withPlural("mirrors").withNamespaced(true).build();
  private static final String NAMESPACE = System.getenv("NAMESPACE");
  private static final LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();

  @SuppressWarnings("unchecked")
  private static String text(GenericKubernetesResource mirror, String part, String name) {
    Object found = mirror.getAdditionalProperties().get(part);
    return found instanceof Map ? (String) ((Map<String, Object>) found).get(name) : null;
  }

  private static void reconcile(KubernetesClient client, GenericKubernetesResource mirror) {
    String name = mirror.getMetadata().getName();
    String value = text(mirror, "spec", "value") == null ? "" : text(mirror, "spec", "value");
    ConfigMap found = client.configMaps().inNamespace(NAMESPACE).withName(name).get();
    if (found == null) {
      client.configMaps().inNamespace(NAMESPACE).resource(new ConfigMapBuilder().withNewMetadata().withName(name).addNewOwnerReference()
          .withApiVersion(mirror.getApiVersion()).withKind(mirror.getKind()).withName(name).withUid(mirror.getMetadata().getUid())
          .withController(true).endOwnerReference().endMetadata().addToData("value", value).build()).create();
    } else if (!value.equals(found.getData() == null ? null : found.getData().get("value"))) {
      client.configMaps().inNamespace(NAMESPACE).resource(found.edit().addToData("value", value).build()).update();
    }
    if (!value.equals(text(mirror, "status", "observed"))) {
      client.genericKubernetesResources(KIND).inNamespace(NAMESPACE).withName(name).editStatus(now -> {
        now.setAdditionalProperty("status", new HashMap<>(Map.of("observed", value)));
        return now;
      });
    }
  }

  private static void work(KubernetesClient client, SharedIndexInformer<GenericKubernetesResource> informer) throws InterruptedException {
    while (true) {
      String name = queue.take();
      GenericKubernetesResource mirror = informer.getStore().getByKey(NAMESPACE + "/" + name);
      if (mirror == null) {
        continue;
      }
      try {
        reconcile(client, mirror);
      } catch (KubernetesClientException why) {
        System.out.println("again: " + name + " " + why.getMessage());
        Thread.sleep(100);
        queue.add(name);
      }
    }
  }

  public static void main(String[] words) throws InterruptedException {
    Thread.setDefaultUncaughtExceptionHandler((thread, why) -> {
      why.printStackTrace();
      Runtime.getRuntime().halt(1);
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
    KubernetesClient client = new KubernetesClientBuilder().build();
    SharedIndexInformer<GenericKubernetesResource> informer = client.genericKubernetesResources(KIND).inNamespace(NAMESPACE)
        .inform(new ResourceEventHandler<>() {
          @Override
          public void onAdd(GenericKubernetesResource mirror) {
            queue.add(mirror.getMetadata().getName());
          }

          @Override
          public void onUpdate(GenericKubernetesResource old, GenericKubernetesResource mirror) {
            queue.add(mirror.getMetadata().getName());
          }

          @Override
          public void onDelete(GenericKubernetesResource mirror, boolean isUnknown) {
          }
        });
    System.out.println("ready");
    work(client, informer);
  }
}
