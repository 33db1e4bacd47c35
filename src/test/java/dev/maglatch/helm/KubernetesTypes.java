// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.helm;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The Kubernetes types that the chart may render. A wrong type of value is an exception; a field
 * that the type does not have is found by a walk over what was read.
 */
final class KubernetesTypes {
  private static final String FABRIC8 = "io.fabric8.";
  private static final Map<String, Class<?>> TYPES =
      Map.ofEntries(
          Map.entry("v1 ConfigMap", ConfigMap.class),
          Map.entry("v1 Secret", Secret.class),
          Map.entry("v1 Service", Service.class),
          Map.entry("v1 ServiceAccount", ServiceAccount.class),
          Map.entry("v1 Pod", Pod.class),
          Map.entry("apps/v1 Deployment", Deployment.class),
          Map.entry("batch/v1 Job", Job.class),
          Map.entry("autoscaling/v2 HorizontalPodAutoscaler", HorizontalPodAutoscaler.class),
          Map.entry("policy/v1 PodDisruptionBudget", PodDisruptionBudget.class),
          Map.entry("networking.k8s.io/v1 NetworkPolicy", NetworkPolicy.class),
          Map.entry("networking.k8s.io/v1 Ingress", Ingress.class),
          Map.entry("gateway.networking.k8s.io/v1 HTTPRoute", HTTPRoute.class),
          Map.entry("monitoring.coreos.com/v1 ServiceMonitor", ServiceMonitor.class),
          Map.entry("monitoring.coreos.com/v1 PrometheusRule", PrometheusRule.class));

  private final ObjectMapper mapper =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

  static Set<String> known() {
    return TYPES.keySet();
  }

  static String type(Map<?, ?> object) {
    return object.get("apiVersion") + " " + object.get("kind");
  }

  /** Returns the fields of {@code object} that its type does not have, by path. */
  Set<String> unknownFields(Map<?, ?> object) {
    Class<?> type = TYPES.get(type(object));
    if (type == null) {
      return Set.of("no such type: " + type(object));
    }
    Set<String> unknown = new TreeSet<>();
    walk(mapper.convertValue(object, type), type.getSimpleName(), unknown);
    return unknown;
  }

  private static void walk(@Nullable Object value, String path, Set<String> unknown) {
    if (value instanceof Collection<?> items) {
      items.forEach(item -> walk(item, path + "[]", unknown));
    } else if (value instanceof Map<?, ?> map) {
      map.forEach((name, item) -> walk(item, path + "." + name, unknown));
    } else if (value != null && value.getClass().getName().startsWith(FABRIC8)) {
      for (Method method : value.getClass().getMethods()) {
        if (isGetter(method)) {
          visit(value, method, path, unknown);
        }
      }
    }
  }

  private static boolean isGetter(Method method) {
    return method.getParameterCount() == 0
        && method.getName().startsWith("get")
        && !method.getReturnType().isPrimitive()
        && !method.getName().equals("getClass");
  }

  private static void visit(Object value, Method getter, String path, Set<String> unknown) {
    Object found = call(value, getter);
    if (getter.getName().equals("getAdditionalProperties")) {
      if (found instanceof Map<?, ?> more) {
        more.keySet().forEach(name -> unknown.add(path + "." + name));
      }
    } else {
      walk(found, path + "." + getter.getName().substring("get".length()), unknown);
    }
  }

  private static @Nullable Object call(Object value, Method getter) {
    try {
      return getter.invoke(value);
    } catch (IllegalAccessException | InvocationTargetException failed) {
      throw new IllegalStateException(getter.toString(), failed);
    }
  }
}
