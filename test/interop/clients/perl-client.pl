# Calls what it is told to with Perl's SOAP::Lite. See ../clients.ts for what it reads and writes.
use strict;
use warnings;
use JSON::PP;
use SOAP::Lite;

my $WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

# SOAP::Lite reads addresses, actions and the order of fields from a WSDL, but takes every operation to be in the WSDL's
# own namespace and its fields to be in none: so their namespaces are told to it.
my %NAMESPACE = (Text => 'urn:dms:text:1', remove => 'http://tests.python-zeep.org/', MessagingService => 'urn:dms:messaging:1');

# Fields that come more than once: one alone looks like any other field.
my %LIST = (entry => 1, user => 1);

my $json = JSON::PP->new->utf8->canonical;
my %schemas;

sub token {
    my ($user, $password) = @_;
    my $token = SOAP::Header->name('wsse:UsernameToken' => \SOAP::Header->value(
        SOAP::Header->name('wsse:Username' => SOAP::Utils::encode_data($user)),
        SOAP::Header->name('wsse:Password' => SOAP::Utils::encode_data($password)),
    ));
    return SOAP::Header->name('wsse:Security' => \$token)->attr({ 'xmlns:wsse' => $WSSE })->mustUnderstand(1);
}

sub answer {
    my ($asked) = @_;
    my ($service, $operation) = @$asked{qw(service operation)};
    my $known = ($schemas{ $asked->{wsdl} } //= SOAP::Schema->new(schema_url => $asked->{wsdl})->parse->services)
        ->{$service}{$operation};
    SOAP::Lite->soapversion($asked->{version});
    my $client = SOAP::Lite->new(autotype => 0)
        ->proxy($known->{endpoint}->value, timeout => 90)
        ->default_ns($NAMESPACE{$operation} // $NAMESPACE{$service})
        ->on_action(sub { '"' . $known->{soapaction}->value . '"' })
        ->on_fault(sub { $_[1] });
    # SOAP::Lite names an encoding on the envelope, where SOAP 1.2 forbids it.
    $client->serializer->encodingStyle('');

    my $input = $asked->{input};
    # Without a type SOAP::Lite writes a value as it is; with one it names the type in xsi:type.
    my @fields = map { SOAP::Data->name($_ => SOAP::Utils::encode_data($input->{$_}))->type('') }
        grep { exists $input->{$_} } map { $_->attr->{name} } @{ $known->{parameters} };
    # A call without fields would be nil, which no schema of ours allows; with no XML in it, it is empty.
    push @fields, SOAP::Data->type(xml => '') unless @fields;
    my @header = $asked->{user} ? token(@$asked{qw(user password)}) : ();
    my $reply = $client->call($operation => @header, @fields);

    die $client->transport->status, "\n" unless ref $reply;
    if ($reply->fault) {
        my $detail = $reply->match('/Envelope/Body/Fault/detail')->valueof
            // $reply->match('/Envelope/Body/Fault/Detail')->valueof;
        my ($name) = keys %{ $detail // {} };
        my $reason = $reply->faultstring // $reply->valueof('/Envelope/Body/Fault/Reason/Text');
        return { fault => { name => $name, reason => $reason, detail => $detail->{$name} } };
    }
    my %result;
    my $path = "/Envelope/Body/${operation}Response";
    for my $name (map { $_->name } $reply->dataof("$path/[>0]")) {
        my @values = $reply->valueof("$path/$name");
        $result{$name} = $LIST{$name} ? \@values : $values[0];
    }
    return { result => \%result };
}

$| = 1;
while (my $line = <STDIN>) {
    my $answer = eval { answer($json->decode($line)) } // { error => "$@" };
    print $json->encode($answer), "\n";
}
