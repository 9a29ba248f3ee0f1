// The controller of README.md with client-go: whoever holds the Lease works; a dynamic shared informer fills a work queue; ConfigMaps go as
// protobuf, through an informer of their own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"
)

var mirrors = schema.GroupVersionResource{Group: "clients.example.com", Version: "v1", Resource: "mirrors"}

type controller struct {
	namespace string
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	mirrors   cache.GenericLister
	maps      cache.SharedIndexInformer
	queue     workqueue.TypedRateLimitingInterface[string]
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c *controller) reconcile(ctx context.Context, name string) error {
	found, err := c.mirrors.ByNamespace(c.namespace).Get(name)
	if errors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	mirror := found.(*unstructured.Unstructured).DeepCopy()
	value, _, _ := unstructured.NestedString(mirror.Object, "spec", "value")
	maps := c.typed.CoreV1().ConfigMaps(c.namespace)
	cached, exists, err := c.maps.GetStore().GetByKey(c.namespace + "/" + name)
	switch {
	case err != nil:
	case !exists:
		owner := meta.NewControllerRef(mirror, mirror.GroupVersionKind())
		_, err = maps.Create(ctx, &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: name, OwnerReferences: []meta.OwnerReference{*owner}},
			Data: map[string]string{"value": value}}, meta.CreateOptions{})
	case cached.(*core.ConfigMap).Data["value"] != value:
		fresh := cached.(*core.ConfigMap).DeepCopy()
		fresh.Data = map[string]string{"value": value}
		_, err = maps.Update(ctx, fresh, meta.UpdateOptions{})
	}
	if err != nil {
		return err
	}
	if observed, _, _ := unstructured.NestedString(mirror.Object, "status", "observed"); observed != value {
		check(unstructured.SetNestedField(mirror.Object, value, "status", "observed"))
		_, err = c.dynamic.Resource(mirrors).Namespace(c.namespace).UpdateStatus(ctx, mirror, meta.UpdateOptions{})
	}
	return err
}

func (c *controller) work(ctx context.Context) {
	for {
		name, over := c.queue.Get()
		if over {
			return
		}
		if err := c.reconcile(ctx, name); err != nil {
			fmt.Println("again:", name, err)
			c.queue.AddRateLimited(name)
		} else {
			c.queue.Forget(name)
		}
		c.queue.Done(name)
	}
}

func (c *controller) enqueue(object interface{}) {
	if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
		_, name, _ := cache.SplitMetaNamespaceKey(key)
		c.queue.Add(name)
	}
}

func (c *controller) lead(ctx context.Context) {
	only := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, time.Minute, c.namespace, nil)
	typed := informers.NewSharedInformerFactoryWithOptions(c.typed, time.Minute, informers.WithNamespace(c.namespace))
	c.mirrors = only.ForResource(mirrors).Lister()
	c.maps = typed.Core().V1().ConfigMaps().Informer()
	handler := cache.ResourceEventHandlerFuncs{AddFunc: c.enqueue, DeleteFunc: c.enqueue, UpdateFunc: func(_, now interface{}) { c.enqueue(now) }}
	_, err := only.ForResource(mirrors).Informer().AddEventHandler(handler)
	check(err)
	only.Start(ctx.Done())
	typed.Start(ctx.Done())
	only.WaitForCacheSync(ctx.Done())
	typed.WaitForCacheSync(ctx.Done())
	fmt.Println("ready")
	for i := 0; i < 4; i++ {
		go c.work(ctx)
	}
	<-ctx.Done()
	c.queue.ShutDown()
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err)
	config.QPS, config.Burst = 200, 200
	protobuf := rest.CopyConfig(config)
	protobuf.ContentType, protobuf.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	c := &controller{namespace: os.Getenv("NAMESPACE"), typed: kubernetes.NewForConfigOrDie(protobuf), dynamic: dynamic.NewForConfigOrDie(config)}
	c.queue = workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](10*time.Millisecond, time.Second))
	lock := &resourcelock.LeaseLock{LeaseMeta: meta.ObjectMeta{Name: "mirror", Namespace: c.namespace}, Client: c.typed.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: fmt.Sprintf("%s-%d", c.namespace, os.Getpid())}}
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: true, LeaseDuration: 15 * time.Second,
		RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second, Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: c.lead,
			OnStoppedLeading: func() {
				if ctx.Err() == nil {
					check(fmt.Errorf("the lease was lost"))
				}
			}}})
}
