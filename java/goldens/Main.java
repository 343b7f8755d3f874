import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes every golden file into the folder given as the only argument. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        JsonGoldens.write(folder);
        JsonLimitGoldens.write(folder);
        RandomGoldens.write(folder);
        ValuesGoldens.write(folder);
        PlainGoldens.write(folder);
        CharsetGoldens.write(folder);
        WideCharsetGoldens.write(folder);
        CharsetTables.write(folder);
        OffsetGoldens.write(folder);
        TransformGoldens.write(folder);
        ChainGoldens.write(folder);
        StructureGoldens.write(folder);
        TimeGoldens.write(folder);
        DateFormatGoldens.write(folder);
        ValueKeys.write(folder);
        ClientGoldens.write(folder);
        ConfigGoldens.write(folder);
        ProviderGoldens.write(folder);
    }
}
