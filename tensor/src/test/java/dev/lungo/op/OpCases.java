package dev.lungo.op;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.tensor.Adapter;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The catalogue of operations: each case names an operation, the shapes of its inputs, and its
/// formula in float64. Value tests, gradient tests and comparisons with other libraries all walk
/// this one list.
public final class OpCases {
  private OpCases() {}

  /// Applies an operation to its differentiable inputs.
  @FunctionalInterface
  public interface Operation {
    Tensor apply(Pass pass, Tensor[] inputs);
  }

  /// Computes the same in float64.
  @FunctionalInterface
  public interface Formula {
    double[] apply(double[][] inputs);
  }

  /// One case.
  ///
  /// @param shapes of the inputs that have gradients
  /// @param scale of the inputs' random values
  public record Case(
      String name, List<Shape> shapes, double scale, Operation operation, Formula formula) {
    @Override
    public String toString() {
      return name + shapes;
    }

    /// Draws the inputs.
    public double[][] inputs(long seed) {
      RandomNumbers random = new RandomNumbers(seed);
      double[][] inputs = new double[shapes.size()][];
      for (int i = 0; i < inputs.length; i++) {
        inputs[i] = new double[Math.toIntExact(shapes.get(i).elements())];
        for (int j = 0; j < inputs[i].length; j++) {
          inputs[i][j] = (float) (scale * random.nextGaussian());
        }
      }
      return inputs;
    }
  }

  /// Returns all cases, over sizes that are awkward for vectors and tiles.
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    linear(cases);
    lowRank(cases);
    weightedSum(cases);
    norms(cases);
    activations(cases);
    additions(cases);
    embedding(cases);
    rotary(cases);
    attention(cases);
    limitedAttention(cases);
    biasedAndSparseAttention(cases);
    crossEntropy(cases);
    recurrent(cases);
    return cases;
  }

  private static void linear(List<Case> cases) {
    for (int[] s : new int[][] {{1, 1, 1}, {2, 3, 5}, {7, 33, 9}, {9, 17, 65}}) {
      int rows = s[0];
      int in = s[1];
      int out = s[2];
      cases.add(
          new Case(
              "linear",
              List.of(Shape.of(1, rows, in), Shape.of(out, in)),
              0.5,
              (pass, x) -> Linear.linear(pass, x[0], x[1]),
              x -> Linear.reference(x[0], x[1], new double[0], in)));
      cases.add(
          new Case(
              "linear with bias",
              List.of(Shape.of(rows, in), Shape.of(out, in), Shape.of(out)),
              0.5,
              (pass, x) -> Linear.linear(pass, x[0], x[1], x[2]),
              x -> Linear.reference(x[0], x[1], x[2], in)));
    }
  }

  private static void lowRank(List<Case> cases) {
    for (int[] s : new int[][] {{1, 1, 1, 1}, {3, 5, 7, 2}, {17, 33, 9, 4}}) {
      int rows = s[0];
      int in = s[1];
      int out = s[2];
      int rank = s[3];
      cases.add(
          new Case(
              "linear with a low-rank change",
              List.of(
                  Shape.of(rows, in), Shape.of(out, in), Shape.of(rank, in), Shape.of(out, rank)),
              0.5,
              (pass, x) -> {
                x[1].adapt(Optional.of(new Adapter(x[2], x[3], 1.5f)));
                return Linear.linear(pass, x[0], x[1]);
              },
              x -> LowRank.reference(x[0], x[1], x[2], x[3], 1.5, in)));
    }
    cases.add(
        new Case(
            "linear with part of a low-rank change",
            List.of(Shape.of(5, 9), Shape.of(7, 9), Shape.of(2, 9), Shape.of(7, 2)),
            0.5,
            (pass, x) -> {
              // Parts share a gradient that is there when they are made, as a parameter's is.
              pass.gradient(x[1]);
              pass.gradient(x[3]);
              x[1].adapt(Optional.of(new Adapter(x[2], x[3], 1)));
              Tensor above = Linear.linear(pass, x[0], x[1].rows(0, 3));
              Tensor below = Linear.linear(pass, x[0], x[1].rows(3, 6));
              return Add.add(pass, above, below);
            },
            x -> {
              double[] all = LowRank.reference(x[0], x[1], x[2], x[3], 1, 9);
              double[] sums = new double[15];
              for (int i = 0; i < sums.length; i++) {
                sums[i] = all[i / 3 * 7 + i % 3] + all[i / 3 * 7 + 3 + i % 3];
              }
              return sums;
            }));
  }

  private static void weightedSum(List<Case> cases) {
    for (int[] s : new int[][] {{1, 1, 1}, {3, 5, 7}, {2, 17, 33}}) {
      float[] weights = new float[s[0] * s[1]];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = i % 3 == 0 ? 0 : (i % 5 - 1) * 0.25f;
      }
      cases.add(
          new Case(
              "weighted sum of positions",
              List.of(Shape.of(s)),
              1,
              (pass, in) ->
                  WeightedSum.weightedSum(
                      pass, in[0], pass.allocate(s[0], s[1]).set(weights.clone())),
              in -> WeightedSum.reference(in[0], weights, s[1], s[2])));
    }
  }

  private static void norms(List<Case> cases) {
    for (int[] s : new int[][] {{1, 2}, {3, 7}, {5, 33}, {67, 8}}) {
      Shape x = Shape.of(1, s[0], s[1]);
      Shape vector = Shape.of(s[1]);
      cases.add(
          new Case(
              "rmsNorm",
              List.of(x, vector),
              1,
              (pass, in) -> Norms.rmsNorm(pass, in[0], in[1], 1e-5f),
              in -> Norms.rmsNormReference(in[0], in[1], 1e-5f)));
      cases.add(
          new Case(
              "layerNorm",
              List.of(x, vector, vector),
              1,
              (pass, in) -> Norms.layerNorm(pass, in[0], in[1], in[2], 1e-2f),
              in -> Norms.layerNormReference(in[0], in[1], in[2], 1e-2f)));
    }
  }

  private static void activations(List<Case> cases) {
    for (int count : new int[] {1, 7, 33, 257}) {
      Shape shape = Shape.of(count);
      cases.add(
          new Case(
              "swiGlu",
              List.of(shape, shape),
              2,
              (pass, in) -> Activations.swiGlu(pass, in[0], in[1]),
              in -> Activations.swiGluReference(in[0], in[1])));
      cases.add(
          new Case(
              "geGlu",
              List.of(shape, shape),
              2,
              (pass, in) -> Activations.geGlu(pass, in[0], in[1]),
              in -> Activations.geGluReference(in[0], in[1])));
      cases.add(
          new Case(
              "softCap",
              List.of(shape),
              2,
              (pass, in) -> Activations.softCap(pass, in[0], 1.5f),
              in -> Activations.softCapReference(in[0], 1.5)));
      cases.add(
          new Case(
              "dropout",
              List.of(shape),
              1,
              (pass, in) -> Dropout.dropout(pass, in[0], 0.25f, 42),
              in -> Dropout.reference(in[0], 0.25f, 42)));
      cases.add(
          new Case(
              "gelu",
              List.of(shape),
              2,
              (pass, in) -> Activations.gelu(pass, in[0]),
              in -> Activations.geluReference(in[0])));
      cases.add(
          new Case(
              "relu",
              List.of(shape),
              2,
              (pass, in) -> Activations.relu(pass, in[0]),
              in -> Activations.reluReference(in[0])));
    }
  }

  private static void additions(List<Case> cases) {
    cases.add(
        new Case(
            "add",
            List.of(Shape.of(3, 7), Shape.of(3, 7)),
            1,
            (pass, in) -> Add.add(pass, in[0], in[1]),
            in -> Add.reference(in[0], in[1])));
    cases.add(
        new Case(
            "add repeated",
            List.of(Shape.of(4, 3, 5), Shape.of(3, 5)),
            1,
            (pass, in) -> Add.add(pass, in[0], in[1]),
            in -> Add.reference(in[0], in[1])));
    cases.add(
        new Case(
            "scale",
            List.of(Shape.of(3, 7)),
            1,
            (pass, in) -> Scale.scale(pass, in[0], -2.5f),
            in -> Scale.reference(in[0], -2.5)));
    cases.add(
        new Case(
            "add to itself twice",
            List.of(Shape.of(9)),
            1,
            (pass, in) -> Add.add(pass, Add.add(pass, in[0], in[0]), in[0]),
            in -> Add.reference(Add.reference(in[0], in[0]), in[0])));
  }

  private static void embedding(List<Case> cases) {
    int[] ids = {3, 0, 3, 4, 1, 3};
    cases.add(
        new Case(
            "embedding",
            List.of(Shape.of(5, 9)),
            1,
            (pass, in) -> Embedding.embedding(pass, ids(pass, ids).view(2, 3), in[0]),
            in -> Embedding.reference(ids, in[0], 9)));
  }

  private static void rotary(List<Case> cases) {
    for (RotaryLayout layout : RotaryLayout.values()) {
      for (int[] s : new int[][] {{1, 1, 1, 2}, {2, 5, 3, 10}, {2, 3, 2, 16}}) {
        cases.add(
            new Case(
                "rotary " + layout,
                List.of(Shape.of(s)),
                1,
                (pass, in) ->
                    Rotary.rotary(
                        pass,
                        in[0],
                        Rotary.table(pass.workspace(), layout, s[1] + 2, s[3], 100),
                        2),
                in -> Rotary.reference(in[0], layout, s[1], s[2], s[3], 100, 2)));
      }
    }
  }

  private static void attention(List<Case> cases) {
    for (int[] s :
        new int[][] {
          {1, 1, 1, 1, 4}, {2, 7, 2, 1, 8}, {1, 33, 4, 2, 16}, {2, 9, 3, 3, 5}, {1, 70, 1, 1, 8}
        }) {
      Shape q = Shape.of(s[0], s[1], s[2], s[4]);
      Shape kv = Shape.of(s[0], s[1], s[3], s[4]);
      AttentionShape shape = AttentionShape.training(s[0], s[1], s[2], s[3], s[4]);
      cases.add(
          new Case(
              "causal attention",
              List.of(q, kv, kv),
              1,
              (pass, in) -> Attention.causal(pass, in[0], in[1], in[2]),
              in -> Attention.reference(shape, in[0], in[1], in[2])));
    }
    AttentionShape cross = new AttentionShape(2, 3, 5, 7, 4, 2, 8, false, 0.3f);
    cases.add(
        new Case(
            "attention to more keys than queries",
            List.of(Shape.of(2, 3, 4, 8), Shape.of(2, 7, 2, 8), Shape.of(2, 7, 2, 8)),
            1,
            (pass, in) -> Attention.attention(pass, cross, in[0], in[1], in[2]),
            in -> Attention.reference(cross, in[0], in[1], in[2])));
    AttentionShape decode = new AttentionShape(2, 1, 6, 9, 4, 2, 8, true, 0.3f);
    cases.add(
        new Case(
            "attention of one query to a cache",
            List.of(Shape.of(2, 1, 4, 8), Shape.of(2, 9, 2, 8), Shape.of(2, 9, 2, 8)),
            1,
            (pass, in) -> Attention.attention(pass, decode, in[0], in[1], in[2]),
            in -> Attention.reference(decode, in[0], in[1], in[2])));
  }

  private static void limitedAttention(List<Case> cases) {
    for (AttentionShape shape :
        List.of(
            new AttentionShape(1, 40, 40, 40, 2, 1, 8, true, 0.3f, 9, AttentionShape.UNCAPPED),
            new AttentionShape(2, 7, 7, 7, 2, 2, 5, true, 0.3f, AttentionShape.UNLIMITED, 1.2f),
            new AttentionShape(1, 21, 30, 33, 2, 1, 8, true, 0.3f, 6, 0.8f))) {
      cases.add(attention("attention within a window or under a cap", shape));
    }
  }

  private static void biasedAndSparseAttention(List<Case> cases) {
    AttentionShape plain = AttentionShape.training(1, 33, 3, 1, 5);
    AttentionShape capped =
        new AttentionShape(2, 19, 19, 19, 2, 2, 8, true, 0.3f, AttentionShape.UNLIMITED, 0.8f);
    cases.add(attention("attention with linear biases", plain.withAlibi()));
    cases.add(attention("attention with linear biases under a cap", capped.withAlibi()));
    for (String pattern :
        List.of(
            "strided:5",
            "fixed:8,summary:2",
            "everything,global:2,window:6",
            "sinks:2,window:5",
            "blocks:9,1/01/101/1001")) {
      AttentionPattern sparse = AttentionPattern.parse(pattern);
      cases.add(attention("attention " + pattern, plain.with(sparse)));
      cases.add(attention("attention " + pattern, capped.with(sparse).withAlibi()));
    }
    AttentionShape padded = AttentionShape.cross(2, 3, 17, 4, 2, 8);
    cases.add(attention("attention to padding", padded.withKeyLengths(List.of(17, 4))));
    cases.add(attention("attention from longer", AttentionShape.cross(1, 19, 4, 2, 1, 8)));
  }

  private static Case attention(String name, AttentionShape shape) {
    Shape kv = Shape.of(shape.batch(), shape.keyCapacity(), shape.kvHeads(), shape.headDim());
    return new Case(
        name,
        List.of(Shape.of(shape.batch(), shape.queries(), shape.heads(), shape.headDim()), kv, kv),
        1,
        (pass, in) -> Attention.attention(pass, shape, in[0], in[1], in[2]),
        in -> Attention.reference(shape, in[0], in[1], in[2]));
  }

  private static void crossEntropy(List<Case> cases) {
    for (int[] s : new int[][] {{1, 3, 2}, {5, 9, 7}, {300, 4, 17}}) {
      int rows = s[0];
      int width = s[1];
      int classes = s[2];
      int[] targets = new int[rows];
      for (int i = 0; i < rows; i++) {
        targets[i] = i % 4 == 3 ? -1 : i * 7 % classes;
      }
      cases.add(
          new Case(
              "linear cross entropy",
              List.of(Shape.of(rows, width), Shape.of(classes, width)),
              1,
              (pass, in) ->
                  CrossEntropy.linearCrossEntropy(pass, in[0], in[1], ids(pass, targets)).mean(),
              in -> CrossEntropy.reference(in[0], in[1], targets, width, 1e9, 0)));
      cases.add(
          new Case(
              "linear cross entropy under a cap",
              List.of(Shape.of(rows, width), Shape.of(classes, width)),
              1,
              (pass, in) ->
                  CrossEntropy.linearCrossEntropy(pass, in[0], in[1], ids(pass, targets), 1.5f)
                      .mean(),
              in -> CrossEntropy.reference(in[0], in[1], targets, width, 1.5, 0)));
      cases.add(
          new Case(
              "linear cross entropy with smoothed labels",
              List.of(Shape.of(rows, width), Shape.of(classes, width)),
              1,
              (pass, in) ->
                  CrossEntropy.linearCrossEntropy(
                          pass, in[0], in[1], ids(pass, targets), Float.POSITIVE_INFINITY, 0.2f)
                      .mean(),
              in -> CrossEntropy.reference(in[0], in[1], targets, width, 1e9, 0.2)));
    }
  }

  private static void recurrent(List<Case> cases) {
    cases.add(
        new Case(
            "swap of the first two dimensions",
            List.of(Shape.of(3, 4, 5)),
            1,
            (pass, in) -> Transpose.swapFirst(pass, in[0]),
            in -> Transpose.reference(in[0], 3, 4, 5)));
    for (Cell cell : Cell.values()) {
      for (int[] s :
          new int[][] {{1, 1, 2, 3, 0}, {4, 2, 3, 5, 1}, {7, 3, 2, 8, 0}, {3, 5, 4, 9, 1}}) {
        int rows = cell.gates() * s[3];
        List<Shape> shapes = new ArrayList<>();
        shapes.add(Shape.of(s[0], s[1], s[2]));
        shapes.add(Shape.of(rows, s[2]));
        shapes.add(Shape.of(rows, s[3]));
        shapes.add(Shape.of(rows));
        if (cell == Cell.GRU) {
          shapes.add(Shape.of(s[3]));
        }
        int states = shapes.size();
        boolean hasFirst = s[4] == 1;
        if (hasFirst) {
          shapes.add(Shape.of(s[1], s[3]));
          if (cell.hasCell()) {
            shapes.add(Shape.of(s[1], s[3]));
          }
        }
        cases.add(
            new Case(
                "recurrent " + cell,
                shapes,
                0.4,
                (pass, in) ->
                    Recurrent.recurrent(
                            pass,
                            cell,
                            in[0],
                            new Recurrent.Weights(
                                in[1],
                                in[2],
                                in[3],
                                cell == Cell.GRU ? Optional.of(in[4]) : Optional.empty()),
                            hasFirst
                                ? Optional.of(
                                    new Recurrent.State(
                                        in[states],
                                        cell.hasCell()
                                            ? Optional.of(in[states + 1])
                                            : Optional.empty()))
                                : Optional.empty())
                        .hidden(),
                in -> Recurrent.reference(cell, s[0], s[1], s[3], in)));
      }
    }
  }

  private static Tensor ids(Pass pass, int[] ids) {
    Workspace workspace = pass.workspace();
    return workspace.allocate(Shape.of(ids.length), DType.INT32).set(ids);
  }
}
