package dev.lungo.tensor;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.BrainFloat16;
import dev.lungo.quant.Float16;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q4_1;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q5_1;
import dev.lungo.quant.Q5_K;
import dev.lungo.quant.Q6_K;
import dev.lungo.quant.Q8_0;
import java.util.Optional;

/// The type of a tensor's elements. Those with a [BlockFormat] hold weights as files store them.
public enum DType {
  FLOAT32,
  INT32,
  FLOAT16(new Float16()),
  BFLOAT16(new BrainFloat16()),
  Q8_0(new Q8_0()),
  Q4_0(new Q4_0()),
  Q4_1(new Q4_1()),
  Q5_0(new Q5_0()),
  Q5_1(new Q5_1()),
  Q4_K(new Q4_K()),
  Q5_K(new Q5_K()),
  Q6_K(new Q6_K());

  private final Optional<BlockFormat> format;

  DType() {
    format = Optional.empty();
  }

  DType(BlockFormat format) {
    this.format = Optional.of(format);
  }

  /// Returns the format of numbers that have to be decoded; empty for those of four bytes.
  public Optional<BlockFormat> format() {
    return format;
  }

  /// Returns the bytes of `elements` numbers.
  public long bytes(long elements) {
    // Not by way of a lambda: this is asked for every tensor of every step.
    return format.isPresent() ? format.get().bytes(elements) : Float.BYTES * elements;
  }
}
