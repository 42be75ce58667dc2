package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ClassUpgradeTest {
  @TempDir private Path folder;

  private static Path jarOf(Class<?> one) throws Exception {
    URI location =
        Objects.requireNonNull(one.getProtectionDomain().getCodeSource()).getLocation().toURI();
    return Path.of(location);
  }

  @Test
  void everyUpgradedClassIsNewEnoughAndPassesTheVerifier() throws Exception {
    Path upgraded = folder.resolve("upgraded.jar");
    int count = ClassUpgrade.upgrade(List.of(jarOf(CommandLine.class)), upgraded);
    assertThat(count).isGreaterThan(100);
    URL[] onlyUpgraded = {upgraded.toUri().toURL()};
    try (JarFile jar = new JarFile(upgraded.toFile());
        URLClassLoader loader =
            new URLClassLoader(onlyUpgraded, ClassLoader.getPlatformClassLoader())) {
      for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
        JarEntry entry = entries.nextElement();
        try (InputStream in = jar.getInputStream(entry)) {
          assertThat(in.readNBytes(8)[7]).isGreaterThanOrEqualTo((byte) 51);
        }
        String name = entry.getName().replace('/', '.').replaceAll("\\.class$", "");
        if (!name.startsWith("picocli.groovy")) {
          // To initialise a class is to verify it.
          assertThat(Class.forName(name, true, loader).getClassLoader()).isSameAs(loader);
        }
      }
    }
  }

  @Test
  void newClassesAreLeftWhereTheyAre() throws Exception {
    Path upgraded = folder.resolve("upgraded.jar");
    assertThat(ClassUpgrade.upgrade(List.of(jarOf(Test.class)), upgraded)).isZero();
  }
}
