package demo;

import org.apache.kafka.common.utils.AppInfoParser;

final class Versions {
    static final String COMPUTED = "7." + Integer.parseInt("8");

    static String current() { return "5.6.7-rc1"; }
    static String kafka() { return AppInfoParser.getVersion(); }
    private Versions() { }
}
