package dev.lungo.kernel.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes machine code for x86-64 with AVX-512 or AVX2: as much of it as the kernels here need.
///
/// Vector registers are numbers from 0 to 31, or to 15 with AVX2; mask registers, which AVX2 has
/// none of, from 1 to 7. The order of operands is that of Intel's manuals: where the result goes
/// comes first. Displacements and jumps take four bytes always, which makes code longer than need
/// be, and not slower.
final class Assembler {
  /// How many bits of vector registers an instruction uses.
  private static final int BITS_256 = 1;

  private static final int BITS_512 = 2;

  private static final int NO_MASK = 0;

  /// Added to a mask: the other lanes become 0.
  private static final int ZERO_OTHERS = 0x80;

  private static final int LINE = 64;
  private static final int NOP = 0x90;

  /// A prefix that makes an instruction longer.
  private static final int OPERAND_SIZE = 0x66;

  private static final int LONGEST_NOP = 8;

  private final VectorUnit unit;
  private final Map<List<Integer>, Label> constants = new LinkedHashMap<>();
  private ByteBuffer code = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);

  Assembler(VectorUnit unit) {
    this.unit = unit;
  }

  /// Writes for AVX-512.
  Assembler() {
    this(VectorUnit.AVX512);
  }

  /// A place that jumps lead to, once it is known.
  static final class Label {
    private static final int UNKNOWN = -1;

    private int position = UNKNOWN;
    private int[] jumps = new int[0];
  }

  VectorUnit unit() {
    return unit;
  }

  /// Returns what was written, and after it the constants.
  byte[] code() {
    if (!constants.isEmpty()) {
      while (code.position() % unit.bytes() != 0) {
        raw(0);
      }
      constants.forEach((numbers, label) -> {
        prepare();
        label(label);
        numbers.forEach(code::putInt);
      });
      constants.clear();
    }
    return Arrays.copyOf(code.array(), code.position());
  }

  // Constants.

  /// Returns where a vector with a float in all lanes will be, for instructions without immediate.
  Address constant(float number) {
    return constant(Collections.nCopies(unit.lanes(), Float.floatToRawIntBits(number)));
  }

  /// Returns where a vector of these numbers of 32 bits will be.
  Address constant(List<Integer> lanes) {
    return Address.at(constants.computeIfAbsent(List.copyOf(lanes), key -> new Label()));
  }

  // Vectors.

  /// Two operands, as wide as vectors are: `to` becomes f(`second`).
  void vector(Instruction instruction, int to, int second) {
    whole(instruction, to, 0, second);
  }

  void vector(Instruction instruction, int to, Address second) {
    whole(instruction, to, 0, second);
  }

  /// Three operands: `to` becomes f(`first`, `second`), or f(`to`, `first`, `second`).
  void vector(Instruction instruction, int to, int first, int second) {
    whole(instruction, to, first, second);
  }

  void vector(Instruction instruction, int to, int first, Address second) {
    whole(instruction, to, first, second);
  }

  /// Three operands, and a number that says how.
  void vectorBy(Instruction instruction, int to, int first, int second, int immediate) {
    whole(instruction, to, first, second);
    code.put((byte) immediate);
  }

  void vectorBy(Instruction instruction, int to, int first, Address second, int immediate) {
    if (second.label() != null) {
      throw new IllegalArgumentException("a label is as far as the next instruction is from it");
    }
    whole(instruction, to, first, second);
    code.put((byte) immediate);
  }

  /// Two operands; lanes that `mask` does not name keep what they had.
  void zmmMasked(Instruction instruction, int mask, int to, Address second) {
    encode(instruction, BITS_512, mask, to, 0, second);
  }

  /// Three operands; lanes that `mask` does not name keep what they had.
  void zmmMasked(Instruction instruction, int mask, int to, int first, int second) {
    encode(instruction, BITS_512, mask, to, first, second);
  }

  /// Three operands; lanes that `mask` does not name become 0.
  void zmmOrZero(Instruction instruction, int mask, int to, int first, int second) {
    encode(instruction, BITS_512, mask | ZERO_OTHERS, to, first, second);
  }

  /// Two operands, 256 bits; the upper half of `to` becomes 0.
  void ymm(Instruction instruction, int to, Address second) {
    encode(instruction, BITS_256, NO_MASK, to, 0, second);
  }

  /// Two operands, 256 bits; lanes that `mask` does not name keep what they had.
  void ymmMasked(Instruction instruction, int mask, int to, Address second) {
    encode(instruction, BITS_256, mask, to, 0, second);
  }

  private void whole(Instruction instruction, int to, int first, int second) {
    if (unit == VectorUnit.AVX512) {
      encode(instruction, BITS_512, NO_MASK, to, first, second);
      return;
    }
    prepare();
    shortPrefixes(instruction, to, first, 0, bit(second, 3));
    code.put((byte) (0xc0 | (to & 7) << 3 | second & 7));
  }

  private void whole(Instruction instruction, int to, int first, Address second) {
    if (unit == VectorUnit.AVX512) {
      encode(instruction, BITS_512, NO_MASK, to, first, second);
      return;
    }
    prepare();
    int index = second.index() == null ? 0 : second.index().number();
    int base = second.base().number();
    shortPrefixes(instruction, to, first, bit(index, 3), bit(base, 3));
    memory(to, second);
  }

  /// The three bytes that precede an AVX2 instruction, and its number.
  private void shortPrefixes(Instruction instruction, int to, int first, int x, int b) {
    code.put((byte) 0xc4);
    int operand = (1 - bit(to, 3)) << 7 | (1 - x) << 6 | (1 - b) << 5;
    code.put((byte) (operand | instruction.map()));
    code.put((byte) ((~first & 15) << 3 | 4 | instruction.prefix()));
    code.put((byte) instruction.number());
  }

  private void encode(
      Instruction instruction, int length, int mask, int to, int first, int second) {
    prepare();
    prefixes(instruction, length, mask, false, to, first, bit(second, 4), bit(second, 3));
    code.put((byte) (0xc0 | (to & 7) << 3 | second & 7));
  }

  private void encode(
      Instruction instruction, int length, int mask, int to, int first, Address second) {
    prepare();
    int index = second.index() == null ? 0 : second.index().number();
    int base = second.base().number();
    prefixes(instruction, length, mask, second.broadcast(), to, first, bit(index, 3), bit(base, 3));
    memory(to, second);
  }

  /// The four bytes that precede an AVX-512 instruction, and its number. They hold, inverted, the
  /// bits of operands for which the bytes after it have no room.
  ///
  /// @param x the bit of `second` (register) or of the index
  /// @param b the bit of `second` (register) or of the base
  private void prefixes(
      Instruction instruction,
      int length,
      int mask,
      boolean broadcast,
      int to,
      int first,
      int x,
      int b) {
    code.put((byte) 0x62);
    int operand = (1 - bit(to, 3)) << 7 | (1 - x) << 6 | (1 - b) << 5 | (1 - bit(to, 4)) << 4;
    code.put((byte) (operand | instruction.map()));
    code.put((byte) (instruction.wide() << 7 | (~first & 15) << 3 | 4 | instruction.prefix()));
    int broadcastBit = broadcast ? 1 << 4 : 0;
    code.put((byte) (length << 5 | broadcastBit | (1 - bit(first, 4)) << 3 | mask));
    code.put((byte) instruction.number());
  }

  private static int bit(int number, int bit) {
    return number >> bit & 1;
  }

  /// The bytes that name a place in memory.
  private void memory(int register, Address address) {
    if (address.label() != null) {
      code.put((byte) ((register & 7) << 3 | 5));
      distance(address.label());
      return;
    }
    int base = address.base().number() & 7;
    if (address.index() == null) {
      code.put((byte) (0x80 | (register & 7) << 3 | base));
    } else {
      code.put((byte) (0x80 | (register & 7) << 3 | 4));
      int scale = Integer.numberOfTrailingZeros(address.scale());
      code.put((byte) (scale << 6 | (address.index().number() & 7) << 3 | base));
    }
    code.putInt(address.displacement());
  }

  /// Fills a mask register with the 32 or, where `wide`, 64 bits at an address.
  void loadMask(int mask, Address from, boolean wide) {
    prepare();
    int index = from.index() == null ? 0 : from.index().number();
    int base = from.base().number();
    code.put((byte) 0xc4);
    code.put((byte) (0x81 | (1 - bit(index, 3)) << 6 | (1 - bit(base, 3)) << 5));
    // kmovd (66) and kmovq; both of the wide form.
    code.put((byte) (wide ? 0xf8 : 0xf9));
    code.put((byte) 0x90);
    memory(mask, from);
  }

  /// Makes a mask of 64 bits of the lower halves of two.
  void joinMasks(int to, int upper, int lower) {
    raw(0xc4, 0xe1, 0x84 | (~upper & 15) << 3, 0x4b, 0xc0 | to << 3 | lower);
  }

  /// Lets [#jumpIfZero] and [#jumpIfNotZero] see whether a vector register of AVX2 holds nothing.
  void testVector(int register) {
    whole(Instruction.VPTEST, register, 0, register);
  }

  /// Lets [#jumpIfZero] see whether two mask registers of 16 bits name no lane.
  void testMasks(int first, int second) {
    raw(0xc5, 0xf8, 0x98, 0xc0 | first << 3 | second);
  }

  // General registers.

  /// Reads 64 bits.
  void load(Register to, Address from) {
    general(0x8b, to.number(), from);
  }

  /// Writes 64 bits.
  void store(Address to, Register from) {
    general(0x89, from.number(), to);
  }

  /// Computes an address.
  void lea(Register to, Address from) {
    general(0x8d, to.number(), from);
  }

  /// Asks for the cache line at an address, and goes on.
  void prefetch(Address line) {
    prepare();
    int index = line.index() == null ? 0 : line.index().number();
    code.put((byte) (0x40 | bit(index, 3) << 1 | bit(line.base().number(), 3)));
    code.put((byte) 0x0f);
    code.put((byte) 0x18);
    memory(1, line);
  }

  private void general(int number, int register, Address address) {
    prepare();
    int index = address.index() == null ? 0 : address.index().number();
    int base = address.base().number();
    code.put((byte) (0x48 | bit(register, 3) << 2 | bit(index, 3) << 1 | bit(base, 3)));
    code.put((byte) number);
    memory(register, address);
  }

  /// Sets a register to a number that is not negative.
  void set(Register to, int number) {
    prepare();
    code.put((byte) (0x48 | bit(to.number(), 3)));
    code.put((byte) 0xc7);
    code.put((byte) (0xc0 | to.number() & 7));
    code.putInt(number);
  }

  void move(Register to, Register from) {
    registers(0x89, to, from);
  }

  void add(Register to, Register from) {
    registers(0x01, to, from);
  }

  private void registers(int number, Register to, Register from) {
    prepare();
    code.put((byte) (0x48 | bit(from.number(), 3) << 2 | bit(to.number(), 3)));
    code.put((byte) number);
    code.put((byte) (0xc0 | (from.number() & 7) << 3 | to.number() & 7));
  }

  void add(Register to, int number) {
    immediate(0, to, number);
  }

  /// Subtracts, and lets the next jump see the result.
  void subtract(Register from, int number) {
    immediate(5, from, number);
  }

  void compare(Register register, int number) {
    immediate(7, register, number);
  }

  private void immediate(int operation, Register register, int number) {
    prepare();
    code.put((byte) (0x48 | bit(register.number(), 3)));
    code.put((byte) 0x81);
    code.put((byte) (0xc0 | operation << 3 | register.number() & 7));
    code.putInt(number);
  }

  // Jumps.

  /// Lets what follows begin where a line of memory does, after as few instructions that do nothing
  /// as can be.
  void align() {
    int missing = -code.position() & LINE - 1;
    while (missing > 0) {
      int length = Math.min(missing, LONGEST_NOP);
      for (int i = 1; i < length; i++) {
        raw(OPERAND_SIZE);
      }
      raw(NOP);
      missing -= length;
    }
  }

  /// Puts a label here.
  void label(Label label) {
    label.position = code.position();
    for (int jump : label.jumps) {
      code.putInt(jump, label.position - (jump + Integer.BYTES));
    }
  }

  void jump(Label to) {
    prepare();
    code.put((byte) 0xe9);
    distance(to);
  }

  /// Jumps if what was subtracted last left nothing.
  void jumpIfZero(Label to) {
    jumpIf(0x84, to);
  }

  /// Jumps if what was subtracted last left something.
  void jumpIfNotZero(Label to) {
    jumpIf(0x85, to);
  }

  /// Jumps if what was subtracted or compared last was larger.
  void jumpIfPositive(Label to) {
    jumpIf(0x8f, to);
  }

  /// Jumps if what was compared last was smaller.
  void jumpIfLess(Label to) {
    jumpIf(0x8c, to);
  }

  private void jumpIf(int condition, Label to) {
    prepare();
    code.put((byte) 0x0f);
    code.put((byte) condition);
    distance(to);
  }

  private void distance(Label to) {
    if (to.position == Label.UNKNOWN) {
      to.jumps = Arrays.copyOf(to.jumps, to.jumps.length + 1);
      to.jumps[to.jumps.length - 1] = code.position();
      code.putInt(0);
    } else {
      code.putInt(to.position - (code.position() + Integer.BYTES));
    }
  }

  /// Clears the upper halves of the vector registers, as functions should, and returns.
  void returnToCaller() {
    raw(0xc5, 0xf8, 0x77, 0xc3);
  }

  /// Writes bytes as they are.
  void raw(int... bytes) {
    prepare();
    for (int b : bytes) {
      code.put((byte) b);
    }
  }

  /// Makes room for one more instruction.
  private void prepare() {
    if (code.remaining() < 64) {
      code =
          ByteBuffer.allocate(2 * code.capacity()).order(ByteOrder.LITTLE_ENDIAN).put(code.flip());
    }
  }
}
