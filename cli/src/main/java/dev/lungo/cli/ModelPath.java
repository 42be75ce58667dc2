package dev.lungo.cli;

import dev.lungo.hub.PulledModels;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads where a model is: a path, or the name `hf:OWNER/NAME` by which it was pulled.
final class ModelPath implements ITypeConverter<Path> {
  @Override
  public Path convert(String text) throws IOException {
    try {
      return PulledModels.resolve(text);
    } catch (NoSuchFileException e) {
      throw new TypeConversionException(e.getFile() + " " + e.getReason());
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
