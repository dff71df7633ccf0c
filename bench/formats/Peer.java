import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Java's side of the comparison; its arguments and lines are those of formats/examples/peer.rs. */
final class Peer {
  private interface Call {
    Object run() throws Exception;
  }

  private static volatile Object sink;

  public static void main(String[] files) throws Exception {
    Schema schema = new Schema.Parser().parse(Files.readString(Path.of(files[0])));
    byte[] payload = Files.readAllBytes(Path.of(files[1]));
    GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(schema);
    GenericDatumWriter<GenericRecord> writer = new GenericDatumWriter<>(schema);
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(payload, null);
    GenericRecord value = reader.read(null, decoder);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    Call decode = () -> reader.read(null, DecoderFactory.get().binaryDecoder(payload, decoder));
    Call reject =
        () -> {
          GenericRecord read = reader.read(null, DecoderFactory.get().binaryDecoder(payload, decoder));
          return read.get("state").toString().equals("SENT");
        };
    Call encode =
        () -> {
          out.reset();
          BinaryEncoder to = EncoderFactory.get().binaryEncoder(out, encoder);
          writer.write(value, to);
          to.flush();
          return out.toByteArray();
        };
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      Call call =
          switch (words[0]) {
            case "decode" -> decode;
            case "reject" -> reject;
            case "encode" -> encode;
            default -> throw new IllegalArgumentException(words[0]);
          };
      System.out.println(measure(Integer.parseInt(words[1]), call));
    }
  }

  private static double measure(int calls, Call call) throws Exception {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      sink = call.run();
    }
    return (System.nanoTime() - start) / (double) calls;
  }

  private Peer() {}
}
