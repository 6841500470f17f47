# JAX-WS left the JDK with Java 11; Debian's libjaxws-java brings it in these jars.
CLASSPATH=.
for jar in \
  jaxws-api jaxws-rt jaxws-tools jaxb-api jaxb-core jaxb-runtime jaxb-xjc javax.xml.soap-api saaj-impl jws-api \
  codemodel istack-commons-runtime istack-commons-tools rngom xsom relaxngDatatype dtd-parser txw2 xml-resolver \
  streambuffer stax-ex stax2-api woodstox-core FastInfoset mimepull metro-policy gmbal glassfish-management-api \
  javax.activation geronimo-annotation-1.3-spec gson
do
  CLASSPATH=$CLASSPATH:/usr/share/java/$jar.jar
done
export CLASSPATH
# Starts quickly, where Java would rather run fast for long.
export JDK_JAVA_OPTIONS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
