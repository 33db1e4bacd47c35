// SPDX-License-Identifier: Apache-2.0
package dev.maglatch.ops;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.function.Supplier;

/** Shows how the process and its virtual machine are doing. */
final class ProcessMeters {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double MILLIS_PER_SECOND = 1e3;

  private ProcessMeters() {}

  static void register(PrometheusMeterRegistry registry, String version) {
    Metric.BUILD.info(registry, version);
    long startMillis = ManagementFactory.getRuntimeMXBean().getStartTime();
    Metric.PROCESS_START.gauge(registry, () -> startMillis / MILLIS_PER_SECOND);
    Metric.JVM_THREADS.gauge(registry, ManagementFactory.getThreadMXBean()::getThreadCount);
    registerOperatingSystem(registry);
    registerMemory(registry, "heap", ManagementFactory.getMemoryMXBean()::getHeapMemoryUsage);
    registerMemory(registry, "nonheap", ManagementFactory.getMemoryMXBean()::getNonHeapMemoryUsage);
    ManagementFactory.getGarbageCollectorMXBeans().forEach(gc -> registerCollector(registry, gc));
  }

  private static void registerOperatingSystem(MeterRegistry registry) {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
      Metric.PROCESS_CPU.counter(registry, () -> system.getProcessCpuTime() / NANOS_PER_SECOND);
    }
    if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
      Metric.PROCESS_FILES.gauge(registry, unix::getOpenFileDescriptorCount);
    }
  }

  private static void registerMemory(
      MeterRegistry registry, String area, Supplier<MemoryUsage> usage) {
    Metric.JVM_MEMORY_USED.gauge(registry, () -> usage.get().getUsed(), area);
    Metric.JVM_MEMORY_COMMITTED.gauge(registry, () -> usage.get().getCommitted(), area);
    Metric.JVM_MEMORY_MAX.gauge(registry, () -> usage.get().getMax(), area);
  }

  private static void registerCollector(MeterRegistry registry, GarbageCollectorMXBean gc) {
    Metric.JVM_GC_COUNT.counter(registry, gc::getCollectionCount, gc.getName());
    Metric.JVM_GC_TIME.counter(
        registry, () -> gc.getCollectionTime() / MILLIS_PER_SECOND, gc.getName());
  }
}
