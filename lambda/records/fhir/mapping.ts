import type { Category } from '../model';

/**
 * The resource types that Ward keeps, each with the element that says whose it is. It is a list of what is allowed, so that a type
 * unheard of is refused. Left out on purpose: Person, Group, Linkage and MeasureReport (they join several people's records), Bundle,
 * Parameters, Binary and MessageHeader (they carry other content that nothing here could check for its subject), AuditEvent (evidence is made
 * by Ward, never handed in), and every definition or catalogue type, which says nothing of a patient.
 * Source: the FHIR R4 patient compartment, http://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
const subjectElements = {
  Account: 'subject',
  AdverseEvent: 'subject',
  AllergyIntolerance: 'patient',
  Appointment: 'participant.actor',
  AppointmentResponse: 'actor',
  Basic: 'subject',
  BodyStructure: 'patient',
  CarePlan: 'subject',
  CareTeam: 'subject',
  ChargeItem: 'subject',
  Claim: 'patient',
  ClaimResponse: 'patient',
  ClinicalImpression: 'subject',
  Communication: 'subject',
  CommunicationRequest: 'subject',
  Composition: 'subject',
  Condition: 'subject',
  Consent: 'patient',
  Coverage: 'beneficiary',
  CoverageEligibilityRequest: 'patient',
  CoverageEligibilityResponse: 'patient',
  DetectedIssue: 'patient',
  DeviceRequest: 'subject',
  DeviceUseStatement: 'subject',
  DiagnosticReport: 'subject',
  DocumentManifest: 'subject',
  DocumentReference: 'subject',
  Encounter: 'subject',
  EnrollmentRequest: 'candidate',
  EpisodeOfCare: 'patient',
  ExplanationOfBenefit: 'patient',
  FamilyMemberHistory: 'patient',
  Flag: 'subject',
  Goal: 'subject',
  GuidanceResponse: 'subject',
  ImagingStudy: 'subject',
  Immunization: 'patient',
  ImmunizationEvaluation: 'patient',
  ImmunizationRecommendation: 'patient',
  Invoice: 'subject',
  List: 'subject',
  Media: 'subject',
  MedicationAdministration: 'subject',
  MedicationDispense: 'subject',
  MedicationRequest: 'subject',
  MedicationStatement: 'subject',
  MolecularSequence: 'patient',
  NutritionOrder: 'patient',
  Observation: 'subject',
  Procedure: 'subject',
  Provenance: 'target',
  QuestionnaireResponse: 'subject',
  RelatedPerson: 'patient',
  RequestGroup: 'subject',
  ResearchSubject: 'individual',
  RiskAssessment: 'subject',
  ServiceRequest: 'subject',
  Specimen: 'subject',
  SupplyDelivery: 'patient',
  SupplyRequest: 'deliverTo',
  Task: 'for',
  VisionPrescription: 'patient',
} as const satisfies Record<string, string>;

/** who and what care involves besides the patient: nobody's record, so they name no subject */
const contextTypes = [
  'Device',
  'Endpoint',
  'HealthcareService',
  'InsurancePlan',
  'Location',
  'Medication',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Substance',
] as const;

const subjectPaths: ReadonlyMap<string, string> = new Map(Object.entries(subjectElements));
const importable: ReadonlySet<string> = new Set(['Patient', ...subjectPaths.keys(), ...contextTypes]);

/** every resource type that a patient's record may hold, in alphabetical order */
export const importableTypes: readonly string[] = [...importable].sort();
export const isImportable = (resourceType: string): boolean => importable.has(resourceType);

/** @returns the path of the element that must name the patient, or undefined for a type that is nobody's record */
export const subjectPathOf = (resourceType: string): string | undefined => subjectPaths.get(resourceType);

const categoriesByType: ReadonlyMap<string, Category> = new Map([
  ['Condition', 'diagnoses'],
  ['MedicationRequest', 'prescriptions'],
  ['MedicationStatement', 'prescriptions'],
  ['Coverage', 'insurance_id'],
  ['DocumentReference', 'notes'],
  ['ClinicalImpression', 'notes'],
]);

export const isClaim = (resourceType: string): resourceType is ClaimType =>
  resourceType === 'Claim' || resourceType === 'ExplanationOfBenefit';
export type ClaimType = 'Claim' | 'ExplanationOfBenefit';

/**
 * Where a resource type is kept.
 * @returns its category; `split` for claims, which become a payment and a clinical half (split.ts); `patient` for Patient, which becomes
 * demographics and ssn (patient.ts). Ask `isImportable` first: a type that Ward does not keep also lands in medical_history, the
 * category that is granted most narrowly of those that hold any clinical content.
 */
export function categoryOf(resourceType: string): Category | 'split' | 'patient' {
  if (resourceType === 'Patient') return 'patient';
  if (isClaim(resourceType)) return 'split';
  return categoriesByType.get(resourceType) ?? 'medical_history';
}

/** what a Patient or Coverage may contain: those who read these two categories may not see clinical content */
const administrativeTypes: ReadonlySet<string> = new Set([
  'Endpoint',
  'InsurancePlan',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'RelatedPerson',
]);

/**
 * May a resource of type `containing` hold one of type `contained`? A contained resource is kept with its container, so it would be
 * read by whoever reads the container's category: a Coverage that contains a Condition would hand a diagnosis to billing.
 */
export function mayContain(containing: string, contained: string): boolean {
  if (contained === 'Patient' || !isImportable(contained)) return false;
  return containing === 'Patient' || containing === 'Coverage' ? administrativeTypes.has(contained) : true;
}
