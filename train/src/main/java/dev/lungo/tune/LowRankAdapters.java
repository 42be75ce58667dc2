package dev.lungo.tune;

import dev.lungo.file.AtomicFiles;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.Recurrent;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameter.Role;
import dev.lungo.nn.Parameters;
import dev.lungo.tensor.Adapter;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.weights.SafetensorsWriter;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import dev.lungo.weights.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;

/// Low-rank adapters on the linear layers of a model (LoRA, Hu et al. 2021, arXiv:2106.09685): W
/// stays as it is, and α/r · B·A is learned beside it. B starts at 0, so that the model starts as
/// it was.
public final class LowRankAdapters implements AutoCloseable {
  /// The names of the files that the PEFT library reads.
  public static final String CONFIG = "adapter_config.json";

  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final String PREFIX = "base_model.model.";

  /// How large adapters are and where they go.
  ///
  /// @param rank the columns of B and rows of A
  /// @param alpha the change is scaled by alpha / rank
  /// @param targets what layers' names end with, as `q_proj`; empty for every linear layer inside
  ///   the model
  public record Settings(int rank, double alpha, List<String> targets) {
    public Settings {
      if (rank < 1 || !(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "the rank of adapters must be at least 1, and alpha above 0, but they are "
                + rank
                + " and "
                + alpha);
      }
      targets = List.copyOf(targets);
    }
  }

  private record Adapted(Parameter weight, Adapter adapter) {}

  private final LanguageModel model;
  private final Settings settings;
  private final Parameters parameters = new Parameters(true);
  private final List<Adapted> adapted = new ArrayList<>();

  /// Attaches adapters to a model.
  ///
  /// @throws IllegalArgumentException if no layer has one of the names, or the model is recurrent
  public LowRankAdapters(LanguageModel model, Settings settings, long seed) {
    if (model instanceof Recurrent) {
      throw new IllegalArgumentException(
          "adapters go beside linear layers, but a recurrent model's are fused into its steps; tune it"
              + " with --method full or frozen");
    }
    this.model = model;
    this.settings = settings;
    for (Parameter weight : model.parameters().all()) {
      if (weight.role() == Role.MATRIX && isTarget(layerOf(weight))) {
        attach(weight);
      }
    }
    if (adapted.isEmpty()) {
      close();
      throw new IllegalArgumentException(
          "no linear layer's name ends with any of "
              + settings.targets()
              + "; the model has "
              + layerNames());
    }
    RandomNumbers random = new RandomNumbers(seed);
    for (Adapted one : adapted) {
      // As the reference implementation has it: uniform, as a linear layer of this width starts.
      random.fillUniform(
          one.adapter.down(), 1 / Math.sqrt(one.adapter.down().shape().dimension(1)));
      one.adapter.up().fill(0);
    }
  }

  private void attach(Parameter weight) {
    int out = weight.tensor().shape().dimension(0);
    int in = weight.tensor().shape().dimension(1);
    String path = PREFIX + layerOf(weight);
    Tensor down = parameters.matrix(path + ".lora_A.weight", settings.rank(), in, 0);
    Tensor up = parameters.matrix(path + ".lora_B.weight", out, settings.rank(), 0);
    Adapter adapter = new Adapter(down, up, (float) (settings.alpha() / settings.rank()));
    weight.tensor().adapt(Optional.of(adapter));
    adapted.add(new Adapted(weight, adapter));
  }

  private boolean isTarget(String layer) {
    return settings.targets().isEmpty()
        || settings.targets().stream()
            .anyMatch(target -> layer.equals(target) || layer.endsWith("." + target));
  }

  private static String layerOf(Parameter weight) {
    return weight.name().replaceFirst("\\.weight$", "");
  }

  private Set<String> layerNames() {
    Set<String> names = new TreeSet<>();
    for (Parameter weight : model.parameters().all()) {
      if (weight.role() == Role.MATRIX) {
        names.add(lastName(layerOf(weight)));
      }
    }
    return names;
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /// Returns what is learned: A and B of each layer.
  public Parameters parameters() {
    return parameters;
  }

  /// Adds the changes to the model's weights and takes the adapters off: W ← W + α/r · B·A.
  public void merge(Kernels kernels) {
    try (Workspace scratch = new Workspace("merging adapters")) {
      for (Adapted one : adapted) {
        Tensor weight = one.weight.tensor();
        Tensor up = one.adapter.up();
        int out = up.shape().dimension(0);
        int in = weight.shape().dimension(1);
        scratch.reset();
        Tensor scaled = scratch.allocate(out, settings.rank()).copyFrom(up);
        kernels.elementwise().scale(scaled.data(), one.adapter.scale(), scaled.elements());
        kernels
            .matmul()
            .multiply(
                Form.NN,
                out,
                in,
                settings.rank(),
                scaled.data(),
                one.adapter.down().data(),
                weight.data(),
                true);
      }
    }
    detach();
  }

  private void detach() {
    adapted.forEach(one -> one.weight.tensor().adapt(Optional.empty()));
  }

  /// Writes the adapters apart from the model, in the layout of the PEFT library.
  ///
  /// @param base where the model comes from
  /// @param task what PEFT calls it: `CAUSAL_LM` or `SEQ_CLS`
  public void save(Path folder, String base, String task) throws IOException {
    Files.createDirectories(folder);
    Set<String> layers = new TreeSet<>();
    adapted.forEach(one -> layers.add(lastName(layerOf(one.weight))));
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("peft_type", "LORA");
    config.put("task_type", task);
    config.put("base_model_name_or_path", base);
    config.put("r", settings.rank());
    config.put("lora_alpha", settings.alpha());
    config.put("lora_dropout", 0.0);
    config.put("target_modules", layers);
    config.put("fan_in_fan_out", model.config() instanceof Gpt2Config);
    config.put("bias", "none");
    config.put("inference_mode", true);
    AtomicFiles.writeString(
        folder.resolve(CONFIG),
        JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(config)
            + "\n");
    List<Outgoing> tensors = new ArrayList<>();
    for (Parameter parameter : parameters.all()) {
      Tensor tensor = parameter.tensor();
      long[] shape = {tensor.shape().dimension(0), tensor.shape().dimension(1)};
      tensors.add(Outgoing.of(parameter.name(), StoredType.F32, shape, tensor.data()));
    }
    SafetensorsWriter.write(folder.resolve(WEIGHTS), Map.of("format", "pt"), tensors);
  }

  /// Takes the adapters off the model and forgets them.
  @Override
  public void close() {
    detach();
    parameters.close();
  }
}
