import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;

/** Lucene with one segment and one thread, without a query cache. The commands are those of session.ts. */
public class LuceneSearch {
  static final int LIMIT = 10;
  static final String FIELD = "text";
  static Path folder;
  static FSDirectory directory;
  static IndexSearcher searcher;

  interface Work {
    void run() throws IOException;
  }

  static double wall;
  static double cpu;

  static double cpuTime() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e6;
  }

  static void timed(Work work) throws IOException {
    double cpuStarted = cpuTime();
    long started = System.nanoTime();
    work.run();
    wall += (System.nanoTime() - started) / 1e6;
    cpu += cpuTime() - cpuStarted;
  }

  static String index(String path) throws IOException {
    wall = cpu = 0;
    directory = FSDirectory.open(folder);
    var config = new IndexWriterConfig(new StandardAnalyzer());
    config.setRAMBufferSizeMB(512);
    config.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    var type = new FieldType();
    type.setTokenized(true);
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    type.freeze();
    try (var writer = new IndexWriter(directory, config);
        BufferedReader reader = Files.newBufferedReader(Path.of(path), StandardCharsets.US_ASCII)) {
      List<String> passages = new ArrayList<>();
      for (;;) {
        passages.clear();
        String line;
        while (passages.size() < 1000 && (line = reader.readLine()) != null) passages.add(line);
        if (passages.isEmpty()) break;
        timed(() -> {
          for (String passage : passages) {
            var document = new Document();
            document.add(new Field(FIELD, passage, type));
            writer.addDocument(document);
          }
        });
      }
      timed(() -> writer.forceMerge(1));
      timed(writer::commit);
    }
    searcher = new IndexSearcher(DirectoryReader.open(directory));
    searcher.setQueryCache(null);
    searcher.setSimilarity(new BM25Similarity(1.2f, 0.75f));
    System.gc();
    return "{\"wallMs\":" + wall + ",\"cpuMs\":" + cpu + "}";
  }

  static ScoreDoc[] query(String text) throws IOException {
    var query = new BooleanQuery.Builder();
    for (String word : text.split(" "))
      query.add(new TermQuery(new Term(FIELD, word)), BooleanClause.Occur.SHOULD);
    // Hits are not counted beyond the wanted ones, so that it may skip.
    return searcher.search(query.build(), new TopScoreDocCollectorManager(LIMIT, null, LIMIT, false)).scoreDocs;
  }

  static String search(String path, double budgetMs) throws IOException {
    List<String> queries = Files.readAllLines(Path.of(path), StandardCharsets.US_ASCII);
    var micros = new StringJoiner(",", "[", "]");
    int count = 0;
    double cpuStarted = cpuTime();
    long started = System.nanoTime();
    long before = started;
    for (String query : queries) {
      query(query);
      long now = System.nanoTime();
      micros.add(String.valueOf((now - before) / 1e3));
      before = now;
      count++;
      if ((now - started) / 1e6 > budgetMs) break;
    }
    double spent = cpuTime() - cpuStarted;
    return "{\"count\":" + count + ",\"wallMs\":" + (before - started) / 1e6 + ",\"cpuMs\":" + spent
        + ",\"micros\":" + micros + "}";
  }

  static String answers(String path, int count) throws IOException {
    var ids = new StringJoiner(",", "[", "]");
    var scores = new StringJoiner(",", "[", "]");
    List<String> queries = Files.readAllLines(Path.of(path), StandardCharsets.US_ASCII);
    for (String query : queries.subList(0, Math.min(count, queries.size()))) {
      var idsOfQuery = new StringJoiner(",", "[", "]");
      var scoresOfQuery = new StringJoiner(",", "[", "]");
      for (ScoreDoc hit : query(query)) {
        idsOfQuery.add(String.valueOf(hit.doc));
        scoresOfQuery.add(String.valueOf(hit.score));
      }
      ids.add(idsOfQuery.toString());
      scores.add(scoresOfQuery.toString());
    }
    return "{\"ids\":" + ids + ",\"scores\":" + scores + "}";
  }

  public static void main(String[] args) throws IOException {
    folder = Files.createTempDirectory("tesserae-lucene-");
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line;
    while ((line = input.readLine()) != null) {
      String[] words = line.split("\t");
      String reply;
      try {
        reply = switch (words[0]) {
          case "index" -> index(words[1]);
          case "search" -> search(words[1], Double.parseDouble(words[2]));
          default -> answers(words[1], Integer.parseInt(words[2]));
        };
      } catch (Exception error) {
        reply = "{\"error\":\"" + String.valueOf(error).replaceAll("[\"\\\\\\p{Cntrl}]", " ") + "\"}";
      }
      System.out.println(reply);
      System.out.flush();
    }
    if (directory != null) directory.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }
}
