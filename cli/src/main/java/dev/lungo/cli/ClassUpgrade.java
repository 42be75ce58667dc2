package dev.lungo.cli;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.ConstantPoolSharingOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Rewrites the classes of old jars so that the JVM can archive them.
///
/// The JVM archives no class in a format older than Java 6's, because such classes lack the tables
/// that make verifying cheap. picocli is compiled for Java 5, and verifying it the old way takes a
/// quarter of a start. The launcher calls this once after a build and puts the result in front of
/// the class path; `docs/decisions/0004-launcher-and-class-archive.md` has the figures.
final class ClassUpgrade {
  /// The first format whose methods must carry stack map tables.
  private static final int WITH_STACK_MAPS = ClassFile.JAVA_7_VERSION;

  private final ClassFile format;

  private ClassUpgrade(ClassLoader classes) {
    format =
        ClassFile.of(
            StackMapsOption.GENERATE_STACK_MAPS,
            // A pool of its own makes the library write each method anew, tables included.
            ConstantPoolSharingOption.NEW_POOL,
            ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(classes)));
  }

  /// Upgrades the old classes of the jars in the folder `arguments[0]` into the jar `arguments[1]`.
  public static void main(String[] arguments) throws IOException {
    upgrade(jarsIn(Path.of(arguments[0])), Path.of(arguments[1]));
  }

  /// Writes upgraded copies of all old classes in `jars` to the jar `target`.
  ///
  /// @return how many classes were old
  static int upgrade(List<Path> jars, Path target) throws IOException {
    URL[] locations = new URL[jars.size()];
    for (int i = 0; i < locations.length; i++) {
      URI location = jars.get(i).toUri();
      locations[i] = location.toURL();
    }
    int count = 0;
    try (URLClassLoader classes = new URLClassLoader(locations);
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(target))) {
      ClassUpgrade upgrade = new ClassUpgrade(classes);
      for (Path jar : jars) {
        count += upgrade.copyOldClasses(jar, out);
      }
    }
    return count;
  }

  private static List<Path> jarsIn(Path folder) throws IOException {
    List<Path> jars = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
      files.forEach(jars::add);
    }
    Collections.sort(jars);
    return jars;
  }

  private int copyOldClasses(Path jar, ZipOutputStream out) throws IOException {
    int count = 0;
    try (ZipFile in = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : Collections.list(in.entries())) {
        String name = entry.getName();
        // Classes for one Java version only are found through their jar's manifest.
        if (name.endsWith(".class") && !name.startsWith("META-INF/")) {
          byte[] bytes = read(in, entry);
          int version = (bytes[6] & 0xff) << 8 | bytes[7] & 0xff;
          if (version < ClassFile.JAVA_6_VERSION) {
            out.putNextEntry(new ZipEntry(name));
            out.write(upgrade(bytes));
            out.closeEntry();
            count++;
          }
        }
      }
    }
    return count;
  }

  private static byte[] read(ZipFile in, ZipEntry entry) throws IOException {
    try (InputStream stream = in.getInputStream(entry)) {
      return stream.readAllBytes();
    }
  }

  private byte[] upgrade(byte[] bytes) {
    ClassModel old = format.parse(bytes);
    return format.transformClass(
        old, ClassTransform.endHandler(builder -> builder.withVersion(WITH_STACK_MAPS, 0)));
  }
}
